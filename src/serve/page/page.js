const $ = (id) => document.getElementById(id);

/* Shown first and open; the others follow by group. */
const FIRST = ['cache-size', 'pre-cache', 'post-cache', 'parallel', 'post-gamma-red',
  'post-gamma-green', 'post-gamma-blue', 'post-sharpen', 'pre-gamma-red', 'pre-gamma-green',
  'pre-gamma-blue', 'presharpen', 'morph', 'opacity', 'color-transfer', 'mask-source', 'mask-celeb',
  'mask-landmarks', 'mask-erode', 'mask-blur'];

/* `version`: of the settings, as they were last loaded whole. `pauseKnown`: statistics up to this one
 * may be older than the answer to the pause button. */
const state = { paused: false, ended: false, version: 0, isLoading: false, controls: new Map(),
  sequence: 0, pauseKnown: 0 };

const NEVER_KEPT = ['decode', 'select', 'encode'];

function announce(text) { $('announce').textContent = text; }

async function call(method, path, body) {
  const answer = await fetch(path, {
    method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  const json = await answer.json();
  if (!answer.ok) throw new Error(json.error?.message ?? answer.statusText);
  return json;
}

/* Settings: one control a row of the table */

const wordOf = (value) => value === true ? 'on' : value === false ? 'off' : value;

const sizes = [0, 64, 128, 256, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384,
  24576, 32768].map((mib) => mib * 1048576);

function sizeText(bytes) {
  const units = ['', 'K', 'M', 'G', 'T'];
  let unit = 0;
  while (unit < 4 && bytes && bytes % 1024 === 0) { bytes /= 1024; unit++; }
  return `${bytes}${units[unit]}`;
}

/* Changes in quick succession are sent one after the other, the latest value only, and what came of
 * them is told once they pause. */
class Sender {
  constructor(key, onDone, onFail) { Object.assign(this, { key, onDone, onFail }); }

  send(value) {
    this.next = value;
    this.running ??= this.run();
  }

  async run() {
    let tell;
    while (this.next !== undefined) {
      const value = this.next;
      this.next = undefined;
      try {
        const answer = await call('PATCH', '/api/v1/settings', { [this.key]: value });
        tell = () => this.onDone(answer.settings[this.key], answer.settings_version);
      } catch (error) {
        tell = () => this.onFail(error.message);
      }
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    this.running = undefined;
    tell();
  }
}

/* Shows the job's value, except while the user is busy with it: until a field that was typed in is
 * left, and until what was sent is answered. Answers may overtake each other: a newer one stays. */
class Control {
  constructor(widget, sender) { Object.assign(this, widget, { sender, version: 0, isEdited: false }); }

  learn(value, version) {
    if (version < this.version) return;
    Object.assign(this, { value, version });
    this.settle();
  }

  settle() {
    if (!this.sender.running && !this.isEdited) this.show(this.value);
  }

  leave() {
    this.isEdited = false;
    this.settle();
  }
}

function addNumber(row, box, id, set) {
  const isSize = row.unit === 'bytes';
  const field = make('input', { id, type: isSize ? 'text' : 'number' });
  const slider = make('input', { type: 'range', id: `${id}-slider` });
  slider.setAttribute('aria-label', row.key);
  if (isSize) {
    Object.assign(slider, { min: 0, max: sizes.length - 1, step: 1 });
    field.setAttribute('aria-description', 'Bytes, with K, M or G');
  } else {
    for (const input of [field, slider])
      Object.assign(input, { min: row.min, max: row.max, step: row.step || 'any' });
  }
  box.append(field, slider);
  slider.addEventListener('input', () => {
    field.value = isSize ? sizeText(sizes[slider.value]) : slider.value;
    set(isSize ? sizes[slider.value] : Number(slider.value));
  });
  field.addEventListener('change', () => {
    if (field.value !== '') set(isSize ? field.value : Number(field.value));
  });
  return { inputs: [field, slider], field, show(value) {
    field.value = isSize ? sizeText(value) : value;
    slider.value = isSize ? sizes.findLastIndex((size) => size <= value) : value;
    if (isSize) slider.setAttribute('aria-valuetext', bytesText(value));
  } };
}

function addSwitch(row, box, id, set) {
  const input = make('input', { id, type: 'checkbox' });
  input.setAttribute('role', 'switch');
  const track = make('span', { className: 'track' });
  track.setAttribute('aria-hidden', 'true');
  box.append(make('span', { className: 'switch' }, input, track));
  input.addEventListener('change', () => set(input.checked));
  return { inputs: [input], show(value) { input.checked = value; } };
}

function addChoice(row, box, id, set) {
  const select = make('select', { id },
    ...row.choices.map((word) => make('option', { value: word, textContent: word })));
  box.append(select);
  select.addEventListener('change', () => set(select.value));
  return { inputs: [select], show(value) { select.value = value; } };
}

function addText(row, box, id, set) {
  const field = make('input', { id, type: 'text' });
  box.append(field);
  field.addEventListener('change', () => set(field.value));
  return { inputs: [field], field, show(value) { field.value = value; } };
}

const adders = { number: addNumber, switch: addSwitch, choice: addChoice, text: addText };

/* What was typed and not sent stays while the field has the focus, and what was refused stays beside
 * the reason; Escape gives either up. */
function watchField(control, problem) {
  const { field } = control;
  field.addEventListener('input', () => { control.isEdited = true; });
  field.addEventListener('blur', () => { if (!problem.textContent) control.leave(); });
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    problem.textContent = '';
    control.leave();
  });
}

function makeControl(row, box, id, problem) {
  const say = (text, message) => { problem.textContent = text; announce(message); };
  const sender = new Sender(row.key, (value, version) => {
    control.learn(value, version);
    say('', `${row.key} is now ${wordOf(value)}`);
  }, (message) => {
    control.isEdited = Boolean(control.field);
    control.settle();
    say(message, message);
  });
  const control = new Control(adders[row.type](row, box, id, (value) => {
    control.isEdited = false;
    sender.send(value);
  }), sender);
  if (control.field) watchField(control, problem);
  return control;
}

function addSetting(parent, row) {
  const id = `set-${row.key}`;
  const unit = row.unit && row.unit !== 'bytes' ? ` (${row.unit})` : '';
  const box = make('div', { className: 'setting' },
    make('label', { className: 'name', htmlFor: id, textContent: row.key + unit }));
  const problem = make('p', { className: 'problem', id: `${id}-problem` });
  const control = makeControl(row, box, id, problem);
  const help = row.live ? row.help : `${row.help} — only between jobs`;
  box.append(make('p', { className: 'help', id: `${id}-help`, textContent: help }), problem);
  for (const input of control.inputs) {
    input.disabled = !row.live;
    input.setAttribute('aria-describedby', `${id}-help ${id}-problem`);
  }
  state.controls.set(row.key, control);
  parent.append(box);
}

function buildSettings(rows) {
  const first = make('fieldset', {}, make('legend', { textContent: 'Most used' }));
  const byKey = new Map(rows.map((row) => [row.key, row]));
  for (const key of FIRST) if (byKey.has(key)) addSetting(first, byKey.get(key));
  $('settings').append(first);
  const rest = rows.filter((row) => !FIRST.includes(row.key));
  for (const group of new Set(rest.map((row) => row.group))) {
    const details = make('details', {}, make('summary', { textContent: group }));
    for (const row of rest) if (row.group === group) addSetting(details, row);
    $('settings').append(details);
  }
}

/* One at a time; asked for again by the next statistics if it fails. */
async function loadSettings() {
  if (state.isLoading) return;
  state.isLoading = true;
  try {
    const answer = await call('GET', '/api/v1/settings');
    if (!state.controls.size) buildSettings(answer.settings);
    for (const row of answer.settings)
      state.controls.get(row.key).learn(row.value, answer.settings_version);
    state.version = answer.settings_version;
  } catch { /* the stream says so */ }
  state.isLoading = false;
}

/* Statistics */

function showState() {
  const word = state.ended ? 'lost' : state.paused ? 'paused' : 'running';
  const text = { lost: state.ended, paused: 'Paused', running: 'Running' }[word];
  if ($('state').textContent === text) return;
  $('state').dataset.state = word;
  $('state').textContent = text;
  $('pause').textContent = state.paused ? 'Resume' : 'Pause';
  $('pause').disabled = $('settings').inert = Boolean(state.ended);
  announce(text);
}

function showProgress(stats) {
  const total = stats.frames_total;
  const left = stats.recent.fps > 0 ? (total - stats.frames) / stats.recent.fps : 0;
  if (total > 0) $('progress').value = Math.min(1, stats.frames / total);
  else $('progress').removeAttribute('value');
  $('progress-text').textContent = total > 0
    ? `${stats.frames} of ${total} frames${left > 0 ? `, ${secondsText(left)} left` : ''}`
    : `${stats.frames} frames`;
}

function showStages(stages) {
  for (const [name, stage] of Object.entries(stages)) {
    let row = $(`stage-${name}`);
    if (!row) {
      row = make('tr', { id: `stage-${name}` },
        Object.assign(make('th', { textContent: name }), { scope: 'row' }),
        make('td', {}, make('span', { className: 'bar' }, make('i')), make('span')),
        ...[0, 1, 2].map(() => make('td', { className: 'number' })));
      $('stages').append(row);
    }
    const [, rate, hits, run, bytes] = row.children;
    const isKept = stage.demands > 0 && !NEVER_KEPT.includes(name);
    const share = isKept ? stage.hits / stage.demands : 0;
    rate.querySelector('i').style.width = `${share * 100}%`;
    rate.lastChild.textContent = isKept ? percentText(share) : '–';
    hits.textContent = isKept ? `${stage.hits} of ${stage.demands}` : '–';
    run.textContent = stage.runs ? `${stage.ms_p50.toFixed(stage.ms_p50 < 10 ? 2 : 0)} ms` : '–';
    bytes.textContent = stage.bytes ? bytesText(stage.bytes) : '–';
  }
}

/* Rebuilt only when it changes, or a screen reader would read it four times a second. */
function showAdvice(list) {
  const text = JSON.stringify(list);
  if (text === state.advice) return;
  state.advice = text;
  $('advice').replaceChildren(...list.map((advice) => make('li', {},
    make('strong', { textContent: advice.trouble }),
    make('dl', {}, ...['cause', 'solution', 'action'].flatMap((part) => advice[part]
      ? [make('dt', { textContent: part[0].toUpperCase() + part.slice(1) }),
         make('dd', { textContent: advice[part] })] : [])))));
}

function showStats(stats, charts) {
  state.sequence = stats.sequence;
  if (stats.sequence > state.pauseKnown) state.paused = stats.paused;
  state.ended = false;
  showState();
  showProgress(stats);
  showStages(stats.stages);
  showAdvice(stats.advice);
  for (const chart of charts) chart.add(stats);
  $('version').textContent = `memoface ${stats.version}`;
  $('model').textContent = `${stats.model.path.split('/').at(-1)}, ${stats.model.precision},`;
  if (stats.settings_version !== state.version) loadSettings();
}

function listen(charts) {
  const events = new EventSource('/api/v1/events');
  events.addEventListener('open', () => { // the same job, or another one that counts from 1
    state.version = state.pauseKnown = 0;
    for (const control of state.controls.values()) control.version = 0;
  });
  events.addEventListener('stats', (event) => showStats(JSON.parse(event.data), charts));
  events.addEventListener('end', () => { events.close(); end('Ended'); });
  events.addEventListener('error', () => end('Connection lost'));
}

function end(word) {
  if (state.ended === 'Ended') return;
  state.ended = word;
  showState();
}

/* Preview: fetched one after the other, only while somebody can see it */

async function showSide(side) {
  const image = $(side);
  const width = Math.min(1280, Math.max(320, Math.round(image.parentElement.clientWidth * devicePixelRatio)));
  const answer = await fetch(`/api/v1/preview.jpg?side=${side}&width=${width}`);
  if (!answer.ok) return;
  const before = image.src;
  image.src = URL.createObjectURL(await answer.blob());
  image.hidden = false;
  if (before) URL.revokeObjectURL(before);
}

async function watchPreview() {
  for (;;) {
    if ($('preview-on').checked && !document.hidden && !state.ended) {
      try { await Promise.all([showSide('before'), showSide('after')]); } catch { /* the stream says so */ }
    }
    await new Promise((resolve) => setTimeout(resolve, state.paused ? 1500 : 400));
  }
}

async function togglePause() {
  try {
    state.paused = (await call('PUT', '/api/v1/paused', { paused: !state.paused })).paused;
    state.pauseKnown = state.sequence + 1; // one may be on its way
    showState();
  } catch (error) { announce(error.message); }
}

if (location.search) history.replaceState(null, '', location.pathname); // the token is in a cookie now
$('pause').addEventListener('click', togglePause);
$('settings').addEventListener('submit', (event) => event.preventDefault());
loadSettings();
listen(makeCharts($('charts')));
watchPreview();
