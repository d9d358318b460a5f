'use strict';

/* Line charts of the last two minutes, in SVG, so that the style sheet gives them their colours. */

const CHART_SPAN_S = 120;
const SVG = 'http://www.w3.org/2000/svg';

function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function makeSvg(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

class Chart {
  /* `lines`: functions from statistics to a number; `now` and `more`: to text. `top`: least height
   * of the scale. */
  constructor(parent, { id, title, lines, now, more, top }) {
    Object.assign(this, { title, lines, now, more, top, points: [] });
    this.value = make('p', { className: 'now' });
    this.note = make('p', { className: 'more muted' });
    this.svg = makeSvg('svg', { viewBox: '0 0 100 100', preserveAspectRatio: 'none', role: 'img' });
    this.svg.append(makeSvg('path', { class: 'base', d: 'M0 99.5H100' }));
    this.area = makeSvg('path', { class: 'area' });
    this.svg.append(this.area);
    this.paths = lines.map((_, i) => makeSvg('path', { class: `s${i}` }));
    this.svg.append(...this.paths.toReversed?.() ?? this.paths.slice().reverse());
    parent.append(make('div', { className: 'chart', id: `chart-${id}` },
      make('h3', { textContent: title }), this.value, this.svg, this.note));
  }

  add(stats) {
    const t = stats.wall_s;
    if (this.points.length && t < this.points.at(-1).t) this.points = []; // another job
    this.points.push({ t, v: this.lines.map((line) => line(stats)) });
    while (this.points[0].t < t - CHART_SPAN_S) this.points.shift();
    this.value.textContent = this.now(stats);
    this.note.textContent = this.more ? this.more(stats) : '';
    this.draw(t);
  }

  draw(t) {
    const highest = Math.max(this.top, ...this.points.flatMap((point) => point.v));
    const span = Math.min(CHART_SPAN_S, Math.max(10, t - this.points[0].t));
    const x = (point) => (100 - (t - point.t) / span * 100).toFixed(2);
    const y = (value) => (97 - value / highest * 90).toFixed(2);
    this.paths.forEach((path, i) => path.setAttribute('d',
      this.points.map((point, k) => `${k ? 'L' : 'M'}${x(point)} ${y(point.v[i])}`).join('')));
    this.area.setAttribute('d', `${this.paths[0].getAttribute('d')}V100H${x(this.points[0])}Z`);
    this.svg.setAttribute('aria-label',
      `${this.title}, the last ${Math.round(span)} seconds: ${this.value.textContent} now`);
  }
}

function bytesText(bytes) {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (bytes >= 1023.5 && unit < 4) { bytes /= 1024; unit++; }
  return `${bytes.toFixed(unit >= 3 && bytes < 99.95 ? 1 : 0)} ${units[unit]}`;
}

function secondsText(seconds) {
  const s = Math.round(seconds);
  if (s < 60) return `${seconds < 10 ? seconds.toFixed(1) : s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
}

const percentText = (share) => `${Math.round(share * 100)} %`;

function makeCharts(parent) {
  return [
    { id: 'fps', title: 'Frames per second', top: 1, lines: [(s) => s.recent.fps],
      now: (s) => s.recent.fps.toFixed(1), more: (s) => `${s.fps.toFixed(1)} since the start` },
    { id: 'cpu', title: 'CPU taken by the swap', top: 100, lines: [(s) => s.recent.cpu_percent],
      now: (s) => percentText(s.recent.cpu_percent / 100),
      more: (s) => `${s.cpu_ms_per_frame.toFixed(0)} ms a frame` },
    { id: 'hits', title: 'Faces without inference', top: 1, lines: [(s) => s.recent.hit_rate],
      now: (s) => percentText(s.recent.hit_rate),
      more: (s) => `${percentText(s.cache.hit_rate)} since the start` },
    { id: 'memory', title: 'Cache', top: 1,
      lines: [(s) => s.cache.used_bytes, (s) => s.cache.limit_bytes],
      now: (s) => bytesText(s.cache.used_bytes),
      more: (s) => s.cache.limit_bytes ? `of ${bytesText(s.cache.limit_bytes)} (dashed)` : 'turned off' },
    { id: 'evictions', title: 'Evictions', top: 1, lines: [(s) => s.recent.evictions_per_s],
      now: (s) => `${s.recent.evictions_per_s.toFixed(0)} /s`,
      more: (s) => `${percentText(s.cache.eviction_rate)} of what went in` },
    { id: 'saved', title: 'Computing saved', top: 1, lines: [(s) => s.cache.saved_ms / 1000],
      now: (s) => secondsText(s.cache.saved_ms / 1000), more: () => 'since the start' },
    { id: 'latency', title: 'Latency of a frame', top: 1,
      lines: [(s) => s.latency_ms.p50, (s) => s.latency_ms.p95, (s) => s.latency_ms.p99],
      now: (s) => `${s.latency_ms.p50.toFixed(0)} ms`,
      more: (s) => `95 %: ${s.latency_ms.p95.toFixed(0)} ms, 99 %: ${s.latency_ms.p99.toFixed(0)} ms` },
  ].map((spec) => new Chart(parent, spec));
}
