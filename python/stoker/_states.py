"""States of a run. Made from the table in src/runs/lifecycle.cpp; do not edit."""

NOT_STARTED = "NotStarted"
STARTING = "Starting"
PROVISIONING = "Provisioning"
PREPARING = "Preparing"
QUEUED = "Queued"
RUNNING = "Running"
FINALIZING = "Finalizing"
CANCEL_REQUESTED = "CancelRequested"
COMPLETED = "Completed"
FAILED = "Failed"
CANCELED = "Canceled"
NOT_RESPONDING = "NotResponding"

ALL_STATES = (NOT_STARTED, STARTING, PROVISIONING, PREPARING, QUEUED, RUNNING, FINALIZING, CANCEL_REQUESTED, COMPLETED, FAILED, CANCELED, NOT_RESPONDING)
TERMINAL_STATES = (COMPLETED, FAILED, CANCELED)
