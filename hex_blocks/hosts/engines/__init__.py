"""What the hosts share that schedule: Airflow, Dagster and Prefect."""
