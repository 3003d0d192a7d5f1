import type { StateMessage, StatsMessage } from '../protocol/messages.js';
import { CameraView } from './camera-view.js';
import { Connection } from './connection.js';
import { byId, keep, kept, make, say } from './dom.js';
import { CameraPlots } from './plots.js';
import { Settings } from './settings.js';
import { currentLanguage, setLanguage, text } from './texts.js';

const THEMES = ['automatic', 'dark', 'light'] as const;

let state: StateMessage | undefined;
let stats: StatsMessage | undefined;
let views: CameraView[] = [];
let plots: CameraPlots[] = [];
let connected: 'connecting' | 'connected' | 'lost' | 'reload' = 'connecting';
let theme = THEMES.find((name) => name === kept('theme')) ?? 'automatic';
/** What went wrong with the last request; the server's own problems come with the statistics. */
let failure = '';
let token = new URLSearchParams(location.hash.slice(1)).get('token') ?? undefined;

const plotRoom = make('div', { class: 'plot-room' });
const footer = make('p', { class: 'note', id: 'clients' });

const connection = new Connection({
  opened() {
    connected = 'connected';
    failure = '';
    sayConnection();
    watch();
    if (token !== undefined) void authorize(token);
  },
  lost() {
    connected = 'lost';
    sayConnection();
  },
  outdated() {
    connected = 'reload';
    sayConnection();
  },
  state(message) {
    state = message;
    show();
  },
  stats(message) {
    stats = message;
    message.cameras.forEach((camera, index) => plots[index]?.add(message.time, camera));
    sayStats();
  },
  async frame(frame) {
    await views[frame.camera]?.show(frame).catch(() => undefined);
  },
});

const settings = new Settings({
  set: (name, value) => void report(connection.request({ type: 'set', name, value })),
  load: (model) => void report(connection.request({ type: 'load_model', model })),
  authorize: (given) => void authorize(given),
});

async function authorize(given: string): Promise<void> {
  const { ok, message } = await report(connection.request({ type: 'authorize', token: given }));
  // Without a message, the connection was lost; the token is sent again once it is back.
  token = ok || message === '' ? given : undefined;
  // Not in the history, nor in a bookmark.
  if (location.hash !== '') history.replaceState(undefined, '', location.pathname);
}

/** Shows what went wrong. */
async function report(asked: ReturnType<Connection['request']>): ReturnType<Connection['request']> {
  const answer = await asked;
  failure = answer.ok ? '' : answer.message;
  sayStats();
  if (!answer.ok && state) settings.show(state);
  return answer;
}

function watch(): void {
  const cameras = document.hidden ? {} : Object.fromEntries(views.map(({ camera, size }) => [camera, size]));
  connection.send({ type: 'watch', cameras });
}

function show(): void {
  if (!state) return;
  const { cameras, model } = state;
  say(byId('model'), `${model.name} · ${model.engine} · ${model.width} × ${model.height}`);
  if (cameras.join('\n') !== views.map(({ name }) => name).join('\n')) {
    views = cameras.map(
      (name, camera) =>
        new CameraView(camera, name, {
          labels: () => state!.labels,
          palette: () => state!.palette,
          sizeChanged: watch,
          record: (index) => void record(index),
          announce: (words) => say(byId('said'), words),
        }),
    );
    plots = cameras.map((name) => new CameraPlots(name, cameras.length > 1));
    byId('cameras').replaceChildren(...views.map(({ element }) => element));
    plotRoom.replaceChildren(...plots.map(({ element }) => element));
    watch();
  }
  settings.show(state);
  sayStats();
}

async function record(camera: number): Promise<void> {
  const { ok, message } = await report(connection.request({ type: 'record', camera, seconds: 30 }));
  if (ok) say(byId('said'), text('recordingTo', message));
}

function sayConnection(): void {
  const element = byId('connection');
  element.dataset['state'] = connected;
  say(element, text(connected));
}

function sayStats(): void {
  const problem = failure || (stats?.problem ?? '');
  const alert = byId('problem');
  alert.hidden = problem === '';
  say(alert, problem);
  for (const view of views) {
    const recording = stats?.recording?.camera === view.camera ? stats.recording : undefined;
    view.record.hidden = !(state?.authorized ?? false);
    view.record.disabled = stats?.recording !== undefined;
    say(view.record, recording ? text('recording', Math.ceil(recording.seconds)) : text('record'));
  }
  if (stats) say(footer, `${text('clients', stats.clients)} · ${text('behind', stats.behind)}`);
}

function applyTheme(): void {
  const root = document.documentElement;
  if (theme === 'automatic') delete root.dataset['theme'];
  else root.dataset['theme'] = theme;
  say(byId('theme'), text('theme', text(theme)));
}

function translate(): void {
  document.documentElement.lang = currentLanguage() === 'zh' ? 'zh-CN' : 'en';
  const language = byId('language');
  say(language, text('language'));
  language.setAttribute('aria-label', text('languageLabel'));
  language.lang = currentLanguage() === 'zh' ? 'en' : 'zh-CN';
  applyTheme();
  sayConnection();
  settings.translate();
  for (const part of [...views, ...plots]) part.translate();
  sayStats();
}

byId('panel').append(settings.element, plotRoom, footer);
byId('language').addEventListener('click', () => {
  setLanguage(currentLanguage() === 'zh' ? 'en' : 'zh');
  translate();
});
byId('theme').addEventListener('click', () => {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
  keep('theme', theme);
  applyTheme();
});
document.addEventListener('visibilitychange', watch);
translate();
