'use strict';
/** The lists for dropdown fields, page by page. They are hidden triggers in Zapier. */

const app = require('../app.json');
const { LISTINGS, runName } = require('../core/listings');
const { chartsAmong } = require('../core/results');
const { call, say } = require('./hex');

const PAGE = 100;
const MOST_CELLS = 10_000;

/** Return a page of a list. The cursor of the next page is stored while the form is open. */
function pageOf(listing) {
  return async (z, bundle) => {
    const isFirst = !(bundle.meta && bundle.meta.page);
    const after = isFirst ? null : await z.cursor.get();
    if (!isFirst && !after) return [];
    const page = await call(z, bundle, listing.tool, { limit: listing.page, ...(after ? { after } : {}) });
    if (page.after || after) await z.cursor.set(page.after || '');
    return page[listing.entries].map((each) => ({ id: each.id, name: listing.name(each) }));
  };
}

function projectOf(z, bundle) {
  const { projectId } = bundle.inputData || {};
  if (!projectId) throw new z.errors.Error(say('Choose the project first.'), 'no_project');
  return projectId;
}

async function runsOf(z, bundle) {
  const offset = PAGE * ((bundle.meta && bundle.meta.page) || 0);
  const inputs = { projectId: projectOf(z, bundle), limit: PAGE, offset };
  const { runs } = await call(z, bundle, 'hex_get_project_runs', inputs);
  return runs.map((each) => ({ id: each.runId, name: runName(each) }));
}

async function chartsOf(z, bundle) {
  const inputs = { projectId: projectOf(z, bundle), fetchAll: true, maxItems: MOST_CELLS };
  const { cells } = await call(z, bundle, 'hex_list_cells', inputs);
  return chartsAmong(cells).map((each) => ({ id: each.staticId, name: each.label || each.staticId }));
}

const PERFORMS = { runs: runsOf, charts: chartsOf };

function triggerOf(name) {
  const key = `list_${name}`;
  const operation = {
    type: 'polling',
    perform: PERFORMS[name] || pageOf(LISTINGS[name]),
    canPaginate: name !== 'charts',
    sample: { id: '5a8591dd-4039-49df-9202-96385ba3eff8', name: 'Revenue report' },
  };
  return [key, { key, noun: 'List', display: { label: `List of ${name}`, description: 'For lists.', hidden: true }, operation }];
}

module.exports = { listTriggers: Object.fromEntries(app.lists.map(triggerOf)) };
