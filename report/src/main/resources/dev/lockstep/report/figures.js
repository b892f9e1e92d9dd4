// Draws figures with uPlot. A figure has series with points of their own; they are joined to one table here.

const color = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const short = v => v >= 1024 && v % 1024 === 0 ? v / 1024 + 'k' : String(v);
const digits = v => v == null ? '–' : Math.abs(v) >= 1000 ? Math.round(v).toLocaleString('en') : String(+v.toPrecision(4));
const tick = v => v == null ? '' : Math.abs(v) >= 1e6 ? v.toLocaleString('en', {notation: 'compact'}) : digits(v);
const clock = s => s == null ? '–' : s < 60 ? Math.round(s) + ' s' : s < 3600
  ? Math.floor(s / 60) + ':' + String(Math.floor(s % 60)).padStart(2, '0')
  : Math.floor(s / 3600) + ':' + String(Math.floor(s % 3600 / 60)).padStart(2, '0') + ' h';

/** How the curves of a page are shown. */
const view = {axis: 'epoch', smooth: 0, log: false, only: null, printing: false};

/** The x column of a series on the chosen axis; epochs if it has no other. */
const xOf = s => view.axis === 'step' && s.step || view.axis === 'time' && s.time || s.x;

/** Exponential smoothing that starts without a bias. */
function smoothed(ys, amount) {
  if (!amount) return ys;
  let sum = 0, weight = 0;
  return ys.map(y => {
    if (y == null) return null;
    sum = sum * amount + y * (1 - amount);
    weight = weight * amount + (1 - amount);
    return sum / weight;
  });
}

/** One x column for all series, and null where a series has no point. */
function joined(figure) {
  const xs = [...new Set(figure.series.flatMap(s => xOf(s).filter(x => x != null)))].sort((a, b) => a - b);
  const at = new Map(xs.map((x, i) => [x, i]));
  const column = (s, ys) => {
    const out = new Array(xs.length).fill(null);
    xOf(s).forEach((x, i) => { if (x != null) out[at.get(x)] = view.log && ys[i] <= 0 ? null : ys[i]; });
    return out;
  };
  const noisy = figure.series.some(s => s.step && s.step.length > 30);
  return {
    ...figure, x: xs,
    series: figure.series.map(s => ({
      ...s,
      raw: noisy && view.smooth ? column(s, s.y) : null,
      y: column(s, noisy ? smoothed(s.y, view.smooth) : s.y),
      spread: s.spread && column(s, s.spread),
      low: s.low && column(s, s.low), high: s.high && column(s, s.high),
    })),
  };
}

/** A figure with finer points where there are some: `fine` has a part of each series, `ranges` says which steps it covers. */
function refined(figure, fine) {
  if (!fine || fine.series.length !== figure.series.length) return figure;
  return {...figure, series: figure.series.map((s, i) => spliced(s, fine.series[i], fine.ranges[i]))};
}

function spliced(s, part, [after, last]) {
  if (!part.x.length || !s.step) return s;
  const from = s.step.findIndex(step => step > after), behind = s.step.findIndex(step => step > last);
  const out = {...s};
  for (const key of ['x', 'y', 'step', 'time', 'low', 'high']) {
    if (!s[key]) continue;
    out[key] = [...s[key].slice(0, from < 0 ? Infinity : from), ...(part[key] || part.y),
      ...(behind < 0 ? [] : s[key].slice(behind))];
  }
  return out;
}

/** The steps of each series that a zoomed plot shows, and whether more points would show more. */
function shownSteps(figure, zoom) {
  let coarse = false;
  const ranges = figure.series.map(s => {
    const xs = xOf(s);
    if (!s.step || !xs.length) return [0, 0];
    let from = xs.findIndex(x => x >= zoom.min);
    if (from < 0) from = xs.length;
    let to = xs.findIndex(x => x >= zoom.max);
    if (to < 0) to = xs.length - 1;
    from = Math.max(0, from - 1);
    const steps = s.step[to] - s.step[from];
    coarse = coarse || !!s.low && to > from && to - from < s.step.length / 2 && steps > to - from;
    return [s.step[from], Math.max(s.step[from], s.step[to])];
  });
  return {coarse, ranges};
}

/** The ends of bars and bands: a deviation on each side, or the smallest and largest value. */
function ends(s) {
  if (!s.spread) return [s.low || [], s.high || []];
  const sum = sign => s.y.map((y, j) => y == null || s.spread[j] == null ? null : y + sign * s.spread[j]);
  return [sum(-1), sum(1)];
}

/** The curve as it was before smoothing. */
function faint(ctx, u, xs, ys) {
  ctx.globalAlpha = 0.28;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  let on = false;
  xs.forEach((x, j) => {
    if (ys[j] == null) return;
    const px = u.valToPos(x, 'x', true), py = u.valToPos(ys[j], 'y', true);
    if (on) ctx.lineTo(px, py); else ctx.moveTo(px, py);
    on = true;
  });
  ctx.stroke();
  ctx.globalAlpha = 1;
}

/** Error bars above the lines, or bands beneath them. */
function spreads(figure) {
  const draw = u => {
    const ctx = u.ctx;
    ctx.save();
    ctx.beginPath();
    ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    ctx.clip();
    figure.series.forEach((s, i) => {
      if (!(s.spread || s.low || s.raw) || !u.series[i + 1].show) return;
      const [low, high] = ends(s);
      const at = figure.x.map((x, j) => low[j] == null || high[j] == null ? null : [
        u.valToPos(x, 'x', true), u.valToPos(low[j], 'y', true), u.valToPos(high[j], 'y', true)])
        .filter(p => p);
      ctx.strokeStyle = ctx.fillStyle = color('--c' + s.color % 10);
      if (s.raw) faint(ctx, u, figure.x, s.raw);
      if (s.spread || s.low) figure.bars ? bars(ctx, at) : band(ctx, at);
    });
    ctx.restore();
  };
  return {hooks: figure.bars ? {draw: [draw]} : {drawClear: [draw]}};
}

function bars(ctx, at) {
  const cap = 5 * devicePixelRatio;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  at.forEach(([x, low, high]) => {
    ctx.beginPath();
    ctx.moveTo(x, low); ctx.lineTo(x, high);
    ctx.moveTo(x - cap, low); ctx.lineTo(x + cap, low);
    ctx.moveTo(x - cap, high); ctx.lineTo(x + cap, high);
    ctx.stroke();
  });
}

function band(ctx, at) {
  if (at.length < 2) return;
  ctx.globalAlpha = 0.18;
  ctx.beginPath();
  at.forEach(([x, low], i) => i ? ctx.lineTo(x, low) : ctx.moveTo(x, low));
  at.slice().reverse().forEach(([x, , high]) => ctx.lineTo(x, high));
  ctx.closePath();
  ctx.fill();
  ctx.globalAlpha = 1;
}

/** One finger reads values, two fingers zoom. */
function touch() {
  return {hooks: {ready: [u => {
    let start = null;
    const place = t => t.clientX - u.over.getBoundingClientRect().left;
    u.over.addEventListener('touchstart', e => {
      if (e.touches.length === 2) {
        start = {x: [place(e.touches[0]), place(e.touches[1])].sort((a, b) => a - b), min: u.scales.x.min, max: u.scales.x.max};
        start.val = start.x.map(p => u.posToVal(p, 'x'));
      }
    }, {passive: true});
    u.over.addEventListener('touchmove', e => {
      if (e.touches.length === 1) {
        u.setCursor({left: place(e.touches[0]), top: u.over.clientHeight / 2});
      } else if (e.touches.length === 2 && start) {
        e.preventDefault();
        const now = [place(e.touches[0]), place(e.touches[1])].sort((a, b) => a - b);
        const perPixel = (start.val[1] - start.val[0]) / Math.max(10, now[1] - now[0]);
        const min = start.val[0] - now[0] * perPixel;
        zoom(u, min, min + u.over.clientWidth * perPixel);
      }
    }, {passive: false});
  }]}};
}

function zoom(u, min, max) {
  const x = u.data[0];
  u.setScale('x', {min: Math.max(min, x[0]), max: Math.min(max, x[x.length - 1])});
}

function isZoomed(u, figure) {
  const x = figure.x, s = u.scales.x;
  return s.min != null && (s.min > x[0] + 1e-9 || s.max < x[x.length - 1] - 1e-9);
}

function yRange(figure) {
  return (u, min, max) => {
    if (min == null) return [0, 1];
    let low = min, high = max;
    if (figure.top != null && !isZoomed(u, figure) && figure.top > min) high = Math.min(high, figure.top);
    if (figure.bars) {
      figure.series.forEach(s => s.y.forEach((y, i) => {
        if (y == null || u.scales.x.min != null && (figure.x[i] < u.scales.x.min || figure.x[i] > u.scales.x.max)) return;
        const spread = s.spread && s.spread[i] || 0;
        low = Math.min(low, y - spread); high = Math.max(high, y + spread);
      }));
      low = Math.max(low, Math.min(0, min));
    }
    const pad = (high - low || Math.abs(high) || 1) * 0.05;
    return [low >= 0 ? Math.max(0, low - pad) : low - pad, high + pad];
  };
}

function options(figure, width) {
  const axis = {stroke: color('--soft'), grid: {stroke: color('--line'), width: 1}, ticks: {stroke: color('--line')},
    font: '12px system-ui, sans-serif', labelFont: '12px system-ui, sans-serif'};
  const wide = figure.x[figure.x.length - 1] / figure.x[0];
  const own = figure.series.some(s => s.step); // has other axes than its own
  const label = own ? view.axis : figure.xLabel;
  const xText = v => v == null ? '–' : figure.logX ? short(v) : own && view.axis === 'time' ? clock(v) : digits(v);
  return {
    width, height: view.printing ? 300 : Math.round(Math.min(420, Math.max(own ? 220 : 260, width * (own ? 0.5 : 0.6)))),
    scales: {
      x: figure.logX ? {time: false, distr: 3, log: 2, range: (u, a, b) => wide > 1 && !isZoomed(u, figure)
        ? [figure.x[0] / 1.15, figure.x[figure.x.length - 1] * 1.15] : [a, b]} : {time: false},
      y: own && view.log ? {distr: 3, log: 10} : {range: yRange(figure)},
    },
    cursor: {drag: {x: true, y: false}, points: {size: 7}, ...(own ? {sync: {key: 'curves', setSeries: false, scales: ['x', null]}} : {})},
    plugins: [spreads(figure), touch()],
    axes: [
      {...axis, label, labelSize: 22, size: 34, ...(figure.logX ? {values: (u, v) => v.map(t => t == null ? '' : short(t)),
        splits: () => figure.x, filter: (u, v) => v} : own && view.axis === 'time' ? {values: (u, v) => v.map(clock)} : {})},
      {...axis, label: figure.yLabel, labelSize: 22, size: 64, values: (u, v) => v.map(tick)},
    ],
    series: [
      {label, value: (u, v) => xText(v)},
      ...figure.series.map(s => ({
        label: s.name, stroke: color('--c' + s.color % 10), width: 2, dash: s.dashed ? [6, 5] : undefined, spanGaps: true,
        points: {show: figure.bars || figure.x.length < 3, size: 7}, show: figure.bars || isShown(s),
        value: (u, v, i, j) => v == null ? '–' : digits(v) + (s.spread && j != null && s.spread[j] != null ? ' ± ' + digits(s.spread[j]) : ''),
      })),
    ],
  };
}

const isShown = s => view.only == null || view.only.includes(s.name);
