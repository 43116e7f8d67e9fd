'use strict';

const { pictureName } = require('../core/pictures.js');
const { isObject } = require('./inputs.js');

/** @typedef {import('n8n-workflow').INodeExecutionData} Item */
/** @typedef {import('./inputs.js').Plan} Plan */

/**
 * Return the items of a document: one for each entry of its list, or one for the document.
 *
 * @param {import('n8n-workflow').IExecuteFunctions} context
 * @param {Plan} plan
 * @param {Record<string, unknown>} document
 * @param {number} item The item that it is the answer to.
 * @param {boolean} simplify Whether outputs are left out that few need.
 * @returns {Promise<Item[]>}
 */
async function itemsOf(context, plan, document, item, simplify) {
	const pairedItem = { item };
	if (plan.deletes) return [{ json: { deleted: true }, pairedItem }];
	const kept = simplify ? plan.simple : null;
	if (plan.entries !== null) {
		const entries = /** @type {Record<string, unknown>[]} */ (document[plan.entries] ?? []);
		return entries.map((entry) => ({ json: simplified(entry, kept), pairedItem }));
	}
	const { json, pictures } = withoutPictures(simplified(document, kept));
	if (!pictures.length) return [{ json, pairedItem }];
	return [{ json, binary: await asBinary(context, pictures), pairedItem }];
}

/**
 * Return a document with only the given outputs, in the order of the document.
 *
 * @param {Record<string, unknown>} document
 * @param {string[] | null} kept
 * @returns {import('n8n-workflow').IDataObject}
 */
function simplified(document, kept) {
	const entries = Object.entries(document);
	const left = kept ? entries.filter(([name]) => kept.includes(name) || name === 'warnings') : entries;
	return /** @type {import('n8n-workflow').IDataObject} */ (Object.fromEntries(left));
}

/**
 * A picture in a document, and the name of its binary property.
 *
 * @typedef {{ data: string, mimeType: string, fileName: string, property: string }} Picture
 */

/**
 * Return the pictures of a document, and the document with file names instead of pictures.
 *
 * @param {import('n8n-workflow').IDataObject} document
 * @returns {{ json: import('n8n-workflow').IDataObject, pictures: Picture[] }}
 */
function withoutPictures(document) {
	const charts = Array.isArray(document.charts) ? document.charts.filter(isObject) : [];
	const holders = /** @type {Record<string, any>[]} */ ([document, ...charts].filter((each) => isObject(each.image)));
	const shown = holders.filter((each) => typeof each.image.base64 === 'string');
	/** @type {Picture[]} */
	const pictures = shown.map((each, number) => ({
		data: each.image.base64,
		mimeType: each.image.mimeType ?? 'image/png',
		fileName: pictureName(each.label, each.image.mimeType, shown.length > 1 ? number + 1 : 0),
		property: shown.length > 1 ? `chart_${number + 1}` : 'data',
	}));
	/** @param {Record<string, any>} holder */
	const named = (holder) => {
		const picture = pictures[shown.indexOf(holder)];
		if (!picture) return holder;
		const { mimeType, fileName: file, property } = picture;
		return { ...holder, image: { mimeType, fileName: file, binary: property } };
	};
	const json = /** @type {import('n8n-workflow').IDataObject} */ (named(document));
	return { json: charts.length ? { ...json, charts: charts.map(named) } : json, pictures };
}

/**
 * @param {import('n8n-workflow').IExecuteFunctions} context
 * @param {Picture[]} pictures
 * @returns {Promise<import('n8n-workflow').IBinaryKeyData>}
 */
async function asBinary(context, pictures) {
	/** @type {import('n8n-workflow').IBinaryKeyData} */
	const binary = {};
	for (const { data, mimeType, fileName: name, property } of pictures) {
		binary[property] = await context.helpers.prepareBinaryData(Buffer.from(data, 'base64'), name, mimeType);
	}
	return binary;
}

module.exports = { itemsOf, simplified };
