import type { ShownParameter, StateMessage } from '../protocol/messages.js';
import { make, say } from './dom.js';
import { text, type TextName } from './texts.js';

/** Milliseconds after the last movement of a slider before its value is sent. */
const PAUSE = 120;

export interface SettingsHandlers {
  set(name: string, value: unknown): void;
  load(model: string): void;
  authorize(token: string): void;
}

/** Sliders, classes and the model. Everything is read-only until the token is given. */
export class Settings {
  readonly element = make('div');
  #state: StateMessage | undefined;
  /** Timers after which a moved slider's value is sent. Until then, the server's value does not move it back. */
  readonly #moving = new Map<string, number>();

  constructor(private readonly handlers: SettingsHandlers) {}

  show(state: StateMessage): void {
    const before = this.#state;
    this.#state = state;
    // The element that has the focus must stay.
    const same =
      before &&
      before.authorized === state.authorized &&
      before.controllable === state.controllable &&
      before.model.name === state.model.name &&
      before.models.join('\n') === state.models.join('\n') &&
      before.labels.join('\n') === state.labels.join('\n');
    if (same) this.#update(state);
    else this.translate();
  }

  translate(): void {
    const state = this.#state;
    if (!state) return;
    const { authorized, controllable, parameters } = state;
    const children: Node[] = [make('h2', { text: text('settings') })];
    if (!authorized)
      children.push(make('p', { class: 'note', text: text(controllable ? 'needsToken' : 'readOnly') }));
    if (!authorized && controllable) children.push(this.#tokenForm());
    for (const parameter of parameters) {
      const control = this.#control(parameter, !authorized, state.labels);
      if (control) children.push(control);
    }
    if (authorized) children.push(this.#modelForm(state));
    this.element.replaceChildren(...children);
    this.#update(state);
  }

  #tokenForm(): HTMLElement {
    const input = make('input', { type: 'password', id: 'token', autocomplete: 'off' });
    const form = make(
      'form',
      { class: 'row' },
      make('label', { for: 'token', text: text('token') }),
      input,
      make('button', { type: 'submit', text: text('enter') }),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.handlers.authorize(input.value);
    });
    return form;
  }

  #modelForm({ models, model }: StateMessage): HTMLElement {
    const select = make(
      'select',
      { id: 'model-name' },
      ...models.map((name) => make('option', { text: name })),
    );
    // The model in use is selected at first; its name may lack the file extension.
    const present = models.find((name) => name === model.name || name.replace(/\.\w+$/, '') === model.name);
    if (present !== undefined) select.value = present;
    const form = make(
      'form',
      { class: 'row' },
      make('label', { for: 'model-name', text: text('modelName') }),
      select,
      make('button', { type: 'submit', text: text('load') }),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (select.value !== '') this.handlers.load(select.value);
    });
    return form;
  }

  #control(
    { name, type, range, help }: ShownParameter,
    disabled: boolean,
    labels: readonly string[],
  ): HTMLElement | undefined {
    const id = `parameter-${name}`;
    const label = make('label', { for: id, text: text(name as TextName), title: help });
    if (type === 'bool') {
      const input = make('input', { id, type: 'checkbox', disabled });
      input.addEventListener('change', () => this.handlers.set(name, input.checked));
      return make('div', { class: 'row check' }, input, label);
    }
    if (name === 'classes') return this.#classes(disabled, labels);
    if (!range) return undefined;
    const step = type === 'integer' ? 1 : 0.01;
    const input = make('input', {
      id,
      type: 'range',
      min: range[0],
      max: Math.min(range[1], 300),
      step,
      disabled,
    });
    const output = make('output', { for: id, id: `${id}-value` });
    input.addEventListener('input', () => {
      say(output, input.value);
      clearTimeout(this.#moving.get(name));
      const send = (): void => {
        this.#moving.delete(name);
        this.handlers.set(name, Number(input.value));
      };
      this.#moving.set(name, setTimeout(send, PAUSE));
    });
    return make('div', { class: 'row slider' }, label, output, input);
  }

  #classes(disabled: boolean, labels: readonly string[]): HTMLElement {
    const send = (): void => {
      const boxes = [...fieldset.querySelectorAll<HTMLInputElement>('input[data-class]')];
      const chosen = boxes.filter(({ checked }) => checked).map((box) => box.dataset['class']!);
      this.handlers.set('classes', chosen.length === boxes.length ? [] : chosen);
    };
    const all = make('button', { type: 'button', text: text('allClasses'), disabled });
    all.addEventListener('click', () => this.handlers.set('classes', []));
    const list = make('div', { class: 'classes' });
    for (const [classId, name] of labels.entries()) {
      const box = make('input', {
        type: 'checkbox',
        id: `class-${classId}`,
        'data-class': String(classId),
        disabled,
      });
      box.addEventListener('change', send);
      const label = make('label', { for: `class-${classId}`, text: name || String(classId) });
      list.append(make('div', { class: 'check' }, box, label));
    }
    const find = make('input', {
      type: 'search',
      id: 'find-class',
      placeholder: text('findClass'),
      'aria-label': text('findClass'),
    });
    find.addEventListener('input', () => {
      for (const row of list.children)
        (row as HTMLElement).hidden = !row.textContent.toLowerCase().includes(find.value.toLowerCase());
    });
    const fieldset = make('fieldset', { id: 'parameter-classes' }, make('legend', { text: text('classes') }));
    fieldset.append(...(labels.length > 12 ? [find] : []), ...(disabled ? [] : [all]), list);
    return fieldset;
  }

  #update({ parameters, labels }: StateMessage): void {
    for (const { name, value } of parameters) {
      if (this.#moving.has(name)) continue;
      if (name === 'classes') {
        const chosen = value as readonly string[];
        labels.forEach((label, classId) => {
          const box = document.getElementById(`class-${classId}`) as HTMLInputElement | null;
          if (box)
            box.checked = chosen.length === 0 || chosen.includes(label) || chosen.includes(String(classId));
        });
        continue;
      }
      const input = this.element.querySelector<HTMLInputElement>(`#parameter-${name}`);
      if (!input) continue;
      if (input.type === 'checkbox') input.checked = value === true;
      else input.value = String(value);
      const output = this.element.querySelector<HTMLElement>(`#parameter-${name}-value`);
      if (output) say(output, String(value));
    }
  }
}
