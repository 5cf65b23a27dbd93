"""Ridge regression over several alphas on scikit-learn's diabetes table; a model file for each in ./outputs."""
import argparse
import os

import joblib
import numpy as np
from azureml.core import Run
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--test-size", type=float, default=0.2)
args = parser.parse_args()

run = Run.get_context()
os.makedirs("outputs", exist_ok=True)

x, y = load_diabetes(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=args.test_size, random_state=0)
print("{} rows to train, {} to test, {} columns".format(len(x_train), len(x_test), x.shape[1]))

for alpha in np.arange(0.0, 1.0, 0.05):
    model = Ridge(alpha=alpha).fit(x_train, y_train)
    mse = mean_squared_error(y_test, model.predict(x_test))
    run.log("alpha", alpha)
    run.log("mse", mse)
    joblib.dump(model, os.path.join("outputs", "ridge_{:.2f}.pkl".format(alpha)))
    print("alpha is {:.2f}, and mse is {:.2f}".format(alpha, mse))
