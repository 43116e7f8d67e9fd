'use strict';
/**
 * The types of the specs that `hex-blocks export specs` writes.
 *
 * @typedef {object} InputField
 * @property {string} type
 * @property {string} [in]
 * @property {string} [title]
 * @property {string} [description]
 * @property {boolean} [required]
 * @property {boolean} [nullable]
 * @property {string} [nullMeans]
 * @property {string} [format]
 * @property {string[]} [enum]
 * @property {number} [minimum]
 * @property {number} [maximum]
 * @property {number} [minLength]
 * @property {number} [maxLength]
 * @property {boolean} [secret]
 * @property {string} [wire]
 * @property {string} [style]
 * @property {string} [trueSends]
 * @property {any} [default]
 * @property {Record<string, InputField>} [fields]
 * @property {InputField} [items]
 *
 * @typedef {object} OutputField
 * @property {string} type
 * @property {string} [from]
 * @property {number} [scale]
 * @property {boolean} [required]
 * @property {boolean} [nullable]
 * @property {boolean} [newer]
 * @property {string[]} [words]
 * @property {Record<string, OutputField>} [fields]
 * @property {OutputField} [items]
 * @property {string} [fromInput]
 * @property {string} [countOf]
 * @property {any} [constant]
 *
 * @typedef {object} RequestSpec
 * @property {string} method
 * @property {string} path
 * @property {number} [success]
 * @property {string} [encoding]
 * @property {string} [limitGroup]
 * @property {boolean} [refusedBy503]
 * @property {Record<string, string>} [errors]
 *
 * @typedef {object} Constraints
 * @property {string[][]} [atMostOne]
 * @property {string[][]} [atLeastOne]
 * @property {string[][]} [allOrNone]
 *
 * @typedef {object} Paging
 * @property {string} style
 * @property {string} items
 * @property {string} after
 * @property {string} next
 *
 * @typedef {object} ToolSpec
 * @property {string} id
 * @property {string} group
 * @property {string} operation
 * @property {string} title
 * @property {string} description
 * @property {boolean} [experimental]
 * @property {RequestSpec} [request]
 * @property {string} [handler]
 * @property {Paging} [paging]
 * @property {Constraints} [constraints]
 * @property {Record<string, InputField>} inputs
 * @property {Record<string, OutputField>} outputs
 *
 * @typedef {Record<string, any>} Entry
 */

module.exports = {};
