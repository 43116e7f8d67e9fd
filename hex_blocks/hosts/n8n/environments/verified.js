'use strict';

// A verified node reads nothing of the machine: English, and no hosts beside Hex's and this machine's.

/** @returns {string[]} The hosts that the operator allows beside Hex's own. */
function allowedHosts() {
	return [];
}

/** @returns {string} The language that sentences are in. */
function language() {
	return 'en';
}

module.exports = { allowedHosts, language };
