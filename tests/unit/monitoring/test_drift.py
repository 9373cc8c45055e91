from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sluice.domain.drift import (
    Thresholds,
    benjamini_hochberg,
    chi_squared_tail,
    measure_drift,
)
from tests.unit.monitoring.builders import FEATURES, baseline_of, columns_of, shifted, window_of


def test_an_unchanged_window_is_quiet() -> None:
    # given a window from where the reference came from
    drift = measure_drift(baseline_of(), window_of(columns_of(1500, seed=2)), Thresholds())
    # then nothing is found, and the sampling noise is taken off
    assert (drift.inputs, drift.prediction.level) == ("ok", "ok")
    assert max(column.psi for column in drift.features) < 0.03


@pytest.mark.parametrize("rows", [1000, 3000, 20000])
def test_independent_windows_do_not_alarm_at_any_size(rows: int) -> None:
    # given twenty windows without any change
    baseline = baseline_of()
    found = [
        measure_drift(baseline, window_of(columns_of(rows, seed=seed)), Thresholds()) for seed in range(20)
    ]
    # then none even warns
    assert {drift.inputs for drift in found} == {"ok"}


def test_a_shifted_number_and_a_new_category_alarm_by_name() -> None:
    columns = shifted(columns_of(1500, seed=3), "income", 2.0)
    columns["channel"] = np.array(["letter"] * 1500)
    drift = measure_drift(baseline_of(), window_of(columns), Thresholds())
    assert drift.inputs == "alarm"
    assert set(drift.alarms) == {"income", "channel"}
    by_name = {column.name: column for column in drift.features}
    assert by_name["channel"].new == (0.0, 1.0)
    assert by_name["channel"].js == pytest.approx(1.0, abs=0.02)


def test_values_that_go_missing_alarm_and_say_how_many() -> None:
    columns = columns_of(1500, seed=4)
    columns["income"] = np.where(np.arange(1500) < 600, np.nan, columns["income"])
    drift = measure_drift(baseline_of(), window_of(columns), Thresholds())
    income = next(column for column in drift.features if column.name == "income")
    assert income.level == "alarm"
    assert income.missing[0] == 0.0
    assert income.missing[1] == pytest.approx(0.4)


def test_a_negligible_shift_is_significant_at_large_n_and_no_alarm() -> None:
    # given a shift of a twentieth of a standard deviation in many rows
    columns = shifted(columns_of(50_000, seed=5), "income", 0.05)
    drift = measure_drift(baseline_of(), window_of(columns), Thresholds())
    income = next(column for column in drift.features if column.name == "income")
    # then the test is sure and the size says that it does not matter
    assert income.p_adjusted < 0.001
    assert income.level == "ok"


def test_too_few_rows_prove_nothing() -> None:
    columns = shifted(columns_of(900, seed=6), "income", 5.0)
    drift = measure_drift(baseline_of(), window_of(columns), Thresholds())
    assert {drift.inputs, drift.prediction.level} == {"too_few_rows"}
    assert drift.alarms == ()


def test_predictions_that_move_alarm_by_themselves() -> None:
    window = window_of(columns_of(1500, seed=7), outputs=np.full(1500, 0.97))
    drift = measure_drift(baseline_of(), window, Thresholds())
    assert (drift.inputs, drift.prediction.level) == ("ok", "alarm")


def test_rare_categories_do_not_add_up_to_drift() -> None:
    # given a hundred categories of half a percent each, some of them in the reference, others in the window
    baseline = baseline_of()
    columns = columns_of(2000, seed=8)
    columns["channel"] = np.where(
        np.arange(2000) % 200 == 0, np.array([f"rare-{row}" for row in range(2000)]), columns["channel"]
    )
    drift = measure_drift(baseline, window_of(columns), Thresholds())
    assert drift.inputs == "ok"


def test_an_empty_window_is_measured_without_an_error() -> None:
    drift = measure_drift(baseline_of(), window_of(columns_of(0, seed=1)), Thresholds())
    assert drift.inputs == "too_few_rows"


@pytest.mark.parametrize("degrees", [1, 2, 3, 7, 10, 51])
@pytest.mark.parametrize("value", [0.0, 0.3, 2.0, 11.0, 60.0, 900.0, 1e6])
def test_the_chi_squared_tail_is_scipys(degrees: int, value: float) -> None:
    assert chi_squared_tail(value, degrees) == pytest.approx(
        stats.chi2.sf(value, degrees), rel=1e-9, abs=1e-300
    )


def test_benjamini_hochberg_is_scipys() -> None:
    p_values = np.random.default_rng(0).random(30) ** 3
    adjusted = stats.false_discovery_control(p_values)
    assert benjamini_hochberg(p_values.tolist()) == pytest.approx(adjusted.tolist())
    assert benjamini_hochberg([]) == []


def test_every_feature_is_measured_once() -> None:
    drift = measure_drift(baseline_of(), window_of(columns_of(1500, seed=9)), Thresholds())
    assert [column.name for column in drift.features] == [name for name, _ in FEATURES]
