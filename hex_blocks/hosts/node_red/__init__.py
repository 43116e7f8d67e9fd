"""Node-RED: a package with nodes for Hex, help in Node-RED's languages and example flows."""
