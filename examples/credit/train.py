"""Scoring applicants for credit: a logistic regression, each of whose answers can be explained exactly."""

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def train(data, context):
    """Fit on the training side. Gives a pipeline that takes the feature columns as they are."""
    model = Pipeline(
        [
            ("prepare", preparation(context.numeric, context.categorical)),
            ("fit", LogisticRegression(C=context.parameters["C"], max_iter=1000, random_state=context.seed)),
        ]
    )
    model.fit(data[context.features], data[context.target])
    bad = (data[context.target] == context.positive_class).mean()
    context.log(f"fitted on {len(data)} applicants, {bad:.1%} of them bad risks")
    return model


def preparation(numeric, categorical):
    """Missing numbers become the median; a text that was never seen before is none of the known ones."""
    scaled = Pipeline([("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    return ColumnTransformer(
        [
            ("numeric", scaled, list(numeric)),
            ("categorical", OneHotEncoder(handle_unknown="ignore"), list(categorical)),
        ]
    )
