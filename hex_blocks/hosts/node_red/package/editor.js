(function () {
  'use strict';
  const { color, types, kinds } = HEX_BLOCKS;
  const SET = '@hex-blocks/node-red-hex/hex-blocks:hex-blocks';
  const say = (key) => RED._(`${SET}.${key}`);

  function row(label, content) {
    const made = $('<div class="form-row"></div>');
    made.append($('<label></label>').css('width', '130px').text(label));
    return made.append(content.css('width', 'calc(100% - 140px)'));
  }

  function select(id, options, label) {
    const made = $('<select></select>').attr('id', `node-input-${id}`);
    for (const option of options) made.append($('<option></option>').val(option).text(label(option)));
    return made;
  }

  const icon = (name) => `red/images/typedInput/${name}.svg`;
  // A blank choice means not given; Node-RED's own lists would select the first option.
  const choices = (values) => [{ value: '', label: '–' }, ...values.map((value) => ({ value, label: value }))];

  function isJson(value) {
    if (!String(value).trim()) return true;
    try {
      JSON.parse(value);
      return true;
    } catch {
      return false;
    }
  }

  function editJson() {
    const value = this.value();
    const shown = value.trim() && isJson(value) ? JSON.stringify(JSON.parse(value), null, 2) : value;
    RED.editor.editJSON({ value: shown, complete: (edited) => this.value(edited) });
  }

  /** The types that differ from Node-RED's: booleans and options that may be blank, and JSON that may be blank. */
  function shownType(type, field) {
    if (type === 'bool') return { value: 'bool', label: 'true/false', icon: icon('bool'), options: choices(['true', 'false']) };
    if (type === 'json') return { value: 'json', label: 'JSON', icon: icon('json'), validate: isJson, expand: editJson };
    if (type === 'str' && field.enum) return { value: 'str', label: 'A–Z', icon: icon('az'), options: choices(field.enum) };
    return type;
  }

  /** The types of a field, the default one first. */
  function typesOf(field) {
    return [field.type, ...types.filter((type) => type !== field.type)].map((type) => shownType(type, field));
  }

  /** A button that lists the entries in Hex, so that users need not copy an ID. */
  function picker(name, input, line) {
    const button = $('<button type="button" class="red-ui-button"><i class="fa fa-search"></i></button>');
    button.attr({ title: say('label.pick'), 'aria-label': say('label.pick') }).css({ width: '34px', marginLeft: '4px' });
    button.on('click', () => {
      const asked = { connection: $('#node-input-connection').val(), projectId: $('#node-input-projectId').val() };
      line.find('.hex-picked').remove();
      const shown = $('<select class="hex-picked"></select>').css({ display: 'block', margin: '4px 0 0 134px', width: 'calc(100% - 140px)' });
      $.getJSON(`hex-blocks/list/${name}`, asked)
        .done((found) => {
          shown.append($('<option></option>').val('').text(found.length ? '' : say('label.nothing')));
          for (const each of found) shown.append($('<option></option>').val(each.value).text(each.label));
          shown.on('change', () => shown.val() && input.typedInput('type', 'str').typedInput('value', shown.val()));
        })
        .fail((reply) => shown.append($('<option></option>').text((reply.responseJSON || {}).message || reply.statusText)));
      line.append(shown);
    });
    return button;
  }

  function fieldRow(node, type, name, field) {
    const input = $('<input type="text">').attr('id', `node-input-${name}`);
    const kind = $('<input type="hidden">').attr('id', `node-input-${name}Type`);
    const line = $('<div class="form-row hex-field"></div>').attr('data-input', name);
    line.append($('<label></label>').css('width', '130px').text(say(`input.${type}.${name}`) + (field.required ? ' *' : '')), input, kind);
    input.val(node[name] ?? '').css('width', `calc(100% - ${field.picked ? 178 : 140}px)`);
    kind.val(node[`${name}Type`] || field.type);
    return { line, input, kind, field };
  }

  function prepare(node, type) {
    const { operations, fields, waits, pictures } = kinds[type];
    const form = $('.hex-form').empty();
    const names = Object.keys(operations);
    const operation = select('operation', names, (key) => say(`operation.${key}`)).val(node.operation || names[0]);
    if (names.length > 1 && !waits) form.append(row(say('label.operation'), operation));
    const wait = $('<input type="checkbox" id="node-input-wait">').prop('checked', node.wait !== false);
    if (waits) form.append(row(say('label.wait'), wait).find('input').css('width', 'auto').end());
    const rows = Object.entries(fields).map(([name, field]) => fieldRow(node, type, name, field));
    const more = $('<details class="hex-more"></details>').append($('<summary></summary>').text(say('label.more')).css('margin-bottom', '8px'));
    for (const each of rows) (each.field.advanced ? more : form).append(each.line);
    form.append(more);
    for (const { line, input, kind, field } of rows) {
      input.typedInput({ types: typesOf(field), typeField: kind });
      input.typedInput('type', kind.val());
      if (field.picked) line.append(picker(line.attr('data-input'), input, line));
    }
    const outputs = ['document', 'split', ...(pictures ? ['picture'] : [])];
    form.append(row(say('label.output'), select('output', outputs, (key) => say(`label.${key}`)).val(node.output || 'document')));
    form.append(row(say('label.onFailure'), select('onFailure', ['error', 'output2'], (key) => say(`label.${key}`)).val(node.onFailure || 'error')));
    const show = () => {
      const key = waits ? (wait.is(':checked') ? 'run_and_wait' : 'run_project') : operation.val();
      // The field for a node's own name is always shown.
      for (const { line } of rows) line.toggle([...operations[key], 'name'].includes(line.attr('data-input')));
      more.toggle(rows.some(({ line, field }) => field.advanced && operations[key].includes(line.attr('data-input'))));
    };
    operation.on('change', show);
    wait.on('change', show);
    show();
  }

  function defaultsOf({ operations, fields, waits }) {
    const made = {
      name: { value: '' },
      connection: { value: '', type: 'hex-connection', required: true },
      operation: { value: Object.keys(operations)[0] },
      output: { value: 'document' },
      onFailure: { value: 'error' },
      outputs: { value: 1 },
    };
    if (waits) made.wait = { value: true };
    for (const [name, field] of Object.entries(fields)) {
      made[name] = { value: '' };
      made[`${name}Type`] = { value: field.type };
    }
    return made;
  }

  for (const [type, kind] of Object.entries(kinds)) {
    RED.nodes.registerType(type, {
      category: 'Hex',
      color,
      icon: 'hex.svg',
      defaults: defaultsOf(kind),
      inputs: 1,
      outputs: 1,
      paletteLabel: () => say(`type.${type}`),
      label() {
        const own = Object.keys(kind.operations).length > 1 && !kind.waits;
        return this.name || (own && this.operation ? say(`operation.${this.operation}`) : say(`type.${type}`));
      },
      labelStyle() {
        return this.name ? 'node_label_italic' : '';
      },
      oneditprepare() {
        prepare(this, type);
      },
      oneditsave() {
        this.outputs = $('#node-input-onFailure').val() === 'output2' ? 2 : 1;
      },
    });
  }

  RED.nodes.registerType('hex-watch', {
    category: 'Hex',
    color,
    icon: 'hex.svg',
    defaults: {
      name: { value: '' },
      connection: { value: '', type: 'hex-connection', required: true },
      projectIds: { value: '', required: true },
      statuses: { value: '' },
      interval: { value: 60, validate: (value) => Number(value) >= 5 },
    },
    inputs: 0,
    outputs: 1,
    paletteLabel: () => say('type.hex-watch'),
    label() {
      return this.name || say('type.hex-watch');
    },
  });

  RED.nodes.registerType('hex-connection', {
    category: 'config',
    defaults: { name: { value: '' }, region: { value: 'app' }, baseUrl: { value: '' } },
    credentials: { apiKey: { type: 'password' } },
    label() {
      return this.name || `Hex (${this.region || 'app'})`;
    },
    oneditprepare() {
      const region = $('#node-config-input-region');
      const show = () => $('#hex-base-url').toggle(region.val() === 'custom');
      region.on('change', show);
      show();
      $('#hex-test').on('click', () => {
        const told = $('#hex-tested').text('…');
        const asked = {
          id: this.id,
          region: region.val(),
          baseUrl: $('#node-config-input-baseUrl').val(),
          apiKey: $('#node-config-input-apiKey').val(),
        };
        $.ajax({ url: 'hex-blocks/test', method: 'POST', contentType: 'application/json', data: JSON.stringify(asked) })
          .done((found) => told.text(`${say('label.works')} ${(found.user || {}).email || ''}`))
          .fail((reply) => told.text((reply.responseJSON || {}).message || reply.statusText));
      });
    },
  });
})();
