'use strict';

// Languages with another code in n8n than in the texts.
const LANGUAGES = /** @type {Record<string, string>} */ ({
	'pt-BR': 'pt_BR',
	pt: 'pt_BR',
	'zh-CN': 'zh_Hans',
	zh: 'zh_Hans',
	'zh-TW': 'zh_Hant',
	'zh-HK': 'zh_Hant',
});

/** @returns {string[]} The hosts that the operator allows beside Hex's own. */
function allowedHosts() {
	return (process.env.HEX_BLOCKS_ALLOWED_HOSTS ?? '').split(/[\s,]+/).filter((each) => each !== '');
}

/** @returns {string} The language that sentences are in: that of the editor. */
function language() {
	const locale = process.env.N8N_DEFAULT_LOCALE ?? 'en';
	return LANGUAGES[locale] ?? locale;
}

module.exports = { allowedHosts, language };
