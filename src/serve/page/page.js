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

/* Settings */

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
