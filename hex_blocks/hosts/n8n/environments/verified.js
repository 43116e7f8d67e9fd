'use strict';

// A verified node must not read the environment: it uses English and allows only Hex's hosts and this machine.

/** @returns {string[]} The hosts that the operator allows beside Hex's own. */
function allowedHosts() {
	return [];
}

/** @returns {string} The language that sentences are in. */
function language() {
	return 'en';
}

module.exports = { allowedHosts, language };
