"""Node-RED: nodes for Hex, as a package with its editor, help in Node-RED's languages, and example flows."""
