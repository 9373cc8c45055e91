"""Ranking customers by their chance to subscribe: a logistic regression on what is known before the call."""

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def train(data, context):
    """Fit on the training side. Gives a pipeline that takes the feature columns as they are."""
    scaled = Pipeline([("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    prepare = ColumnTransformer(
        [
            ("numeric", scaled, list(context.numeric)),
            ("categorical", OneHotEncoder(handle_unknown="ignore"), list(context.categorical)),
        ]
    )
    model = Pipeline(
        [("prepare", prepare), ("fit", LogisticRegression(max_iter=1000, random_state=context.seed))]
    )
    model.fit(data[context.features], data[context.target])
    share = (data[context.target] == context.positive_class).mean()
    context.log(f"fitted on {len(data)} calls, {share:.1%} of which led to a subscription")
    return model
