'use strict';
/** The app: the definition in `app.json`, and the functions that run it. */

const { version } = require('./package.json');
const app = require('./app.json');
const { authentication } = require('./lib/authentication');
const { createOf, searchOf } = require('./lib/operations');
const { chart } = require('./lib/charts');
const { listTriggers } = require('./lib/lists');
const { hookedRuns, newProjects, finishedRuns, subscribe, unsubscribe, recentRuns } = require('./lib/triggers');

const display = ({ label, description }) => ({ label, description });

/** Return the `operation` of an action, search or trigger. */
function operationOf(plan, more) {
  const groups = plan.groups && plan.groups.length ? { inputFieldGroups: plan.groups } : {};
  return { inputFields: plan.fields, ...groups, outputFields: plan.outputs, sample: plan.sample, ...more };
}

function actions(plans, performOf) {
  const made = Object.entries(plans).map(([key, plan]) => {
    const operation = operationOf(plan, { perform: performOf(plan) });
    return [key, { key, noun: plan.noun, display: display(plan), operation }];
  });
  return Object.fromEntries(made);
}

function trigger(key, more) {
  const plan = app.triggers[key];
  return { [key]: { key, noun: plan.noun, display: display(plan), operation: operationOf(plan, more) } };
}

module.exports = {
  version,
  platformVersion: require('zapier-platform-core').version,
  flags: { cleanInputData: false },
  authentication,
  triggers: {
    ...trigger('run_finished', { type: 'polling', perform: finishedRuns }),
    ...trigger('run_finished_instant', {
      type: 'hook',
      perform: hookedRuns,
      performList: recentRuns,
      performSubscribe: subscribe,
      performUnsubscribe: unsubscribe,
    }),
    ...trigger('new_project', { type: 'polling', perform: newProjects }),
    ...listTriggers,
  },
  creates: actions(app.creates, createOf),
  searches: actions(app.searches, searchOf),
  searchOrCreates: app.searchOrCreates,
  hydrators: { chart },
};
