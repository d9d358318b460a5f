/* Controls of settings: one a row of the table, made of what the API says of it. */

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
