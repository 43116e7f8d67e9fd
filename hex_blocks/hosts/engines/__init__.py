"""What the orchestrators Airflow, Dagster and Prefect share."""
