
// What is on the page: plots, their controls, printing, and what a server sends while runs go on.

let figures = JSON.parse(document.getElementById('figures').textContent);
const plots = new Map();
const address = document.body.dataset.events; // of what changes; a file has none
const watched = address ? new URLSearchParams(address.split('?')[1]).getAll('run') : [];
const boxes = () => [...document.querySelectorAll('.plot')];

function draw(box) {
  const figure = figures[box.dataset.figure];
  if (!figure) return;
  const old = plots.get(box);
  const kept = old && old.zoom;
  old?.plot.destroy();
  const width = view.printing ? 640 : Math.max(240, Math.floor(box.getBoundingClientRect().width));
  const fine = old && kept && old.axis === view.axis ? old.fine : null;
  const table = joined(refined(figure, fine));
  const plot = new uPlot(options(table, width), [table.x, ...table.series.map(s => s.y)], box);
  if (kept) plot.setScale('x', kept);
  const entry = {plot, table, zoom: kept || null, axis: view.axis, fine, asked: old && fine ? old.asked : ''};
  plot.hooks.setScale = [u => {
    entry.zoom = isZoomed(u, entry.table) ? {min: u.scales.x.min, max: u.scales.x.max} : null;
    if (!entry.zoom) entry.fine = null;
    mark(box, entry);
    finer(box, entry);
  }];
  plots.set(box, entry);
  mark(box, entry);
}

/** The last x, and how many points are shown of which width, for whoever looks at the page without eyes. */
function mark(box, {table, zoom}) {
  const {min, max} = zoom || {min: table.x[0], max: table.x[table.x.length - 1]};
  Object.assign(box.dataset, {end: table.x[table.x.length - 1], width: max - min,
    points: table.x.filter(x => x >= min && x <= max).length});
}

function reset(box) {
  const entry = plots.get(box);
  if (entry) entry.zoom = null;
  draw(box);
}

/** Shows new data without losing the pointer, the zoom or the choice of curves. */
function refresh(box) {
  const entry = plots.get(box), figure = figures[box.dataset.figure];
  if (!entry || entry.axis !== view.axis || entry.table.series.length !== figure.series.length) {
    draw(box);
    return;
  }
  Object.assign(entry.table, joined(refined(figure, entry.fine)));
  mark(box, entry);
  const zoom = entry.zoom;
  entry.plot.setData([entry.table.x, ...entry.table.series.map(s => s.y)], !zoom);
  if (zoom) entry.plot.setScale('x', zoom);
}

const all = () => boxes().forEach(draw);
const resetAll = () => boxes().forEach(reset);

/** A button of its own for each plot, where the page has none for all. */
const controls = document.querySelector('.controls');
function tools(box) {
  const bar = document.createElement('div');
  bar.className = 'tools';
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Whole range';
  button.title = 'Drag across the plot, or pinch it, to zoom';
  button.addEventListener('click', () => reset(box));
  bar.append(button);
  box.after(bar);
}
if (!controls) boxes().forEach(tools);
all();

function press(group, chosen) {
  group.forEach(b => b.setAttribute('aria-pressed', String(b === chosen)));
}

if (controls) {
  const axes = [...controls.querySelectorAll('[data-axis]')];
  const choose = button => {
    view.axis = button.dataset.axis;
    press(axes, button);
    resetAll();
  };
  axes.forEach(button => button.addEventListener('click', () => choose(button)));
  const smooth = controls.querySelector('[data-smooth]');
  smooth.addEventListener('input', () => { view.smooth = smooth.value / 100; all(); });
  const log = controls.querySelector('[data-log]');
  const flip = () => { view.log = !view.log; log.setAttribute('aria-pressed', String(view.log)); all(); };
  log.addEventListener('click', flip);
  controls.querySelector('[data-reset]').addEventListener('click', resetAll);
  addEventListener('keydown', e => {
    if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName)) return;
    const axis = {e: 'epoch', s: 'step', t: 'time'}[e.key];
    if (axis) choose(axes.find(b => b.dataset.axis === axis));
    else if (e.key === 'l') flip();
    else if (e.key === '0' || e.key === 'Escape') resetAll();
    else if (e.key === '+' || e.key === '-') {
      smooth.value = Math.max(0, Math.min(99, +smooth.value + (e.key === '+' ? 10 : -10)));
      view.smooth = smooth.value / 100;
      all();
    }
  });
}

document.querySelectorAll('[data-only]').forEach(button => button.addEventListener('click', () => {
  view.only = button.dataset.only ? [button.dataset.only, button.dataset.baseline] : null;
  press(document.querySelectorAll('[data-only]'), button);
  all();
}));

let seen = innerWidth;
addEventListener('resize', () => { if (innerWidth !== seen) { seen = innerWidth; all(); } });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', all);
const closed = []; // what printing opens, and closes again
const print = on => {
  if (on && !view.printing) closed.splice(0, Infinity, ...document.querySelectorAll('details:not([open], .earlier)'));
  view.printing = on;
  document.documentElement.classList.toggle('print', on);
  closed.forEach(box => { box.open = on; });
  all();
};
addEventListener('beforeprint', () => print(true));
addEventListener('afterprint', () => print(false));

// ---- Live

// A page has the same number of points for every run. Where it is zoomed, it asks for those in between.
const answers = new Map();
const PAUSE = 250;

/** Soon after a plot was zoomed, asks for more points there. */
function finer(box, entry) {
  clearTimeout(entry.timer);
  if (!address || !entry.zoom) return;
  entry.timer = setTimeout(() => {
    const figure = figures[box.dataset.figure];
    if (!entry.zoom || plots.get(box) !== entry) return;
    const {coarse, ranges} = shownSteps(figure, entry.zoom);
    const asked = coarse ? new URLSearchParams(watched.flatMap((run, i) =>
      [['run', run], ['after', ranges[i][0]], ['last', ranges[i][1]]])).toString() : '';
    if (asked === entry.asked) return;
    entry.asked = asked;
    const take = fine => {
      if (entry.asked !== asked || plots.get(box) !== entry) return;
      entry.fine = fine && {series: fine[box.dataset.figure].series, ranges};
      refresh(box);
    };
    if (asked) ask(asked).then(take, () => { entry.asked = ''; });
    else take(null);
  }, PAUSE);
}

/** Plots that are zoomed together share an answer. */
function ask(query) {
  if (!answers.has(query)) {
    if (answers.size > 8) answers.clear();
    const answer = fetch('/curves?' + query).then(r => r.ok ? r.json() : Promise.reject(new Error(r.status)));
    answer.catch(() => answers.delete(query));
    answers.set(query, answer);
  }
  return answers.get(query);
}

/** Takes in what has changed: the server has escaped every text in its markup. */
function update(change) {
  document.title = change.title;
  for (const [id, html] of Object.entries(change.sections || {})) {
    const section = document.getElementById(id);
    if (!section) continue;
    const opened = [...section.querySelectorAll('details')].map(d => d.open);
    const scrolled = [...section.querySelectorAll('.wide')].map(d => d.scrollLeft);
    const ticked = [...section.querySelectorAll('input:checked')].map(box => box.value);
    section.innerHTML = html;
    section.querySelectorAll('input').forEach(box => { box.checked = ticked.includes(box.value); });
    section.querySelectorAll('details').forEach((d, i) => { d.open = !!opened[i]; });
    section.querySelectorAll('.wide').forEach((d, i) => { d.scrollLeft = scrolled[i] || 0; });
  }
  if (!change.figures) return;
  const missing = Object.keys(change.figures).some(id => !document.getElementById(id));
  if (missing) { location.reload(); return; }
  Object.assign(figures, change.figures);
  boxes().filter(box => change.figures[box.dataset.figure]).forEach(refresh);
}

if (address) {
  const badge = document.createElement('p');
  badge.className = 'connection';
  badge.setAttribute('role', 'status');
  document.querySelector('main').prepend(badge);
  const say = text => { badge.textContent = text; badge.classList.toggle('off', text !== 'live'); };
  const listen = () => {
    const source = new EventSource(address);
    source.addEventListener('open', () => say('live'));
    source.addEventListener('update', e => update(JSON.parse(e.data)));
    source.addEventListener('error', () => {
      say('no connection to lockstep watch; trying again');
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
    });
  };
  listen();
}

/** The list of runs: compares those that are ticked. */
const compare = document.querySelector('[data-compare]');
if (compare) {
  const ticked = () => [...document.querySelectorAll('input[name=run]:checked')];
  document.addEventListener('change', () => { compare.disabled = ticked().length < 2; });
  compare.addEventListener('click', () => {
    location.assign('/run?' + ticked().map(box => 'run=' + encodeURIComponent(box.value)).join('&'));
  });
}
