/** The page in a browser, on a real task: signed in, a failure seen and retried, a brake approved, the lag line watched. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { configMaps, namespaces } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { slowness } from '../support/slowness.ts';
import { isLab } from './support/contexts.ts';
import { environment, pluginProgram } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap, secret } from './support/objects.ts';
import { policy } from './support/policies.ts';
import { type Running, run } from './support/process.ts';

const CHROMIUM = '/usr/bin/chromium';
const user = `page-${randomBytes(3).toString('hex')}`;
const password = 'correct horse battery';
/** Where pictures for the docs go, when somebody wants new ones: X8S_SCREENSHOTS=docs/images. */
const pictures = process.env.X8S_SCREENSHOTS;
/** What /api/lag answers. */
type Lags = { readonly replicas: Record<string, { readonly oldestMs: number }[]> };
/** What /api/tasks answers. */
type Tasks = {
  readonly tasks: readonly {
    readonly name: string;
    readonly replicas: readonly { readonly waiting?: { readonly count: number } }[];
  }[];
};
/** A browser beside clusters takes its time. */
const patienceMs = 60_000 * slowness();
const hostile = '<img src=x onerror="window.hacked=1">';

/** The lab has it; where other clusters are used, it may be missing, and what is not looked at then is said. */
const isUnseen = !existsSync(CHROMIUM) && !isLab;
const unseen = `the page is not looked at: there is no ${CHROMIUM} on this machine`;
if (isUnseen) console.warn(unseen);

(isUnseen ? describe.skip : describe)(isUnseen ? unseen : 'the page', () => {
  let pair: Pair;
  let running: Running;
  let browser: Browser;
  let page: Page;
  let lift: () => Promise<unknown>;
  const problems: string[] = [];

  const users = (args: readonly string[], input = '') =>
    run(pluginProgram('nsreplicate'), ['users', ...args, '--context', pair.primary], {
      env: environment,
      input,
    });
  /** As a program asks. */
  const asked = async (path: string) => {
    const headers = { authorization: `Bearer ${(await users(['token', user])).stdout.trim()}` };
    return fetch(new URL(path, page.url()), { headers });
  };
  const picture = async (name: string, of: Pick<Page, 'screenshot'> = page) => {
    if (pictures === undefined) return;
    mkdirSync(pictures, { recursive: true });
    await of.screenshot({ path: join(pictures, `page-${name}.png`) });
  };
  const card = () =>
    page.locator('section.task', { has: page.getByRole('heading', { name: pair.task, exact: true }) });
  /** Goes from one part of the page to the next until a button of that name has the focus, and presses it. */
  const pressByKeyboard = async (name: string) => {
    for (let step = 0; step < 10; step++) {
      await page.keyboard.press('Tab');
      const focused = page.locator('button:focus');
      if ((await focused.count()) === 0 || (await focused.textContent()) !== name) continue;
      await page.keyboard.press('Enter');
      return;
    }
    throw new Error(`the keyboard does not lead to ${name}`);
  };
  const names = (count: number) => Array.from({ length: count }, (_, index) => `many-${index}`);

  beforeAll(async () => {
    pair = await Pair.open('page');
    await pair.to.create(namespaces, { metadata: { name: pair.namespace } });
    lift = await policy(pair.replica, pair.namespace, {
      resources: ['configmaps'],
      expression: "object.metadata.name != 'refused'",
      message: `not in this namespace ${hostile}`,
      denied: configMap('refused', { a: '1' }),
    });
    await pair.put(pair.from, configMap('refused', { a: '1' }));
    await pair.put(pair.from, configMap('taken', { a: hostile }), secret('hidden', { key: 'hunter2' }));
    await pair.put(pair.from, ...names(12).map((name) => configMap(name, { a: '1' })));
    await pair.put(pair.to, configMap('taken', { a: 'theirs' }));
    expect((await users(['add', user, '--role', 'admin'], `${password}\n`)).code).toBe(0);
    running = pair.start('--listen', '127.0.0.1:0');
    await running.saw('compared: ');
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
    page.setDefaultTimeout(patienceMs);
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      // A refused sign-in is an answer, which the browser mentions as well.
      if (message.type() === 'error' && !message.text().includes('401')) problems.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) problems.push(`asked ${request.url()}`);
      if (/eyJ/.test(request.url())) problems.push('a token is part of an address');
    });
    const [, url = ''] = /listening on (\S+)/.exec(running.output.stderr) ?? [];
    await page.goto(url);
  });
  afterAll(async () => {
    await browser?.close();
    await users(['remove', user]);
    await pair.close();
  });

  test('lets a person in by keyboard, and nobody with a wrong password', async () => {
    const signIn = async (secretWord: string) => {
      await page.locator('#username').fill(user);
      await page.keyboard.press('Tab');
      await page.keyboard.type(secretWord);
      await page.keyboard.press('Enter');
    };
    await signIn('wrong wrong wrong');
    await page.getByRole('alert').filter({ hasText: 'is wrong' }).waitFor();
    await signIn(password);
    await card().waitFor();
  });

  test('shows what fails, and why, in words; retries it by keyboard', async () => {
    await card().getByText('1 ConfigMap on').first().waitFor();
    await card().getByText('did not make it').waitFor();
    await page.getByRole('searchbox').fill(`${pair.namespace}/refused`);
    const row = page.locator('.rows li', { hasText: `${pair.namespace}/refused` });
    await row.getByText('waits for a retry').waitFor();
    // What servers say is shown as it is, and never as markup.
    await row.getByText('not in this namespace <img src=x').waitFor();
    await picture('failure', page.locator('section.task', { has: page.getByRole('searchbox') }));
    await picture('task', card());
    await lift();
    // No event tells the task that the policy is gone: only a retry does.
    const created = row.getByText('created');
    const retried = async () => {
      // By an earlier one, that took longer.
      if (await created.isVisible()) return;
      await page.getByRole('searchbox').focus();
      await pressByKeyboard('Retry');
      await created.waitFor({ timeout: 5000 });
    };
    await eventually(retried);
    await pair.to.delete(configMaps, { namespace: pair.namespace, name: 'taken' });
    await card().getByText('What fails').waitFor({ state: 'detached' });
  });

  test('shows how an object differs, with the values of Secrets masked, and never as markup', async () => {
    await card().getByRole('button', { name: 'Pause' }).click();
    await card().getByText('Paused').waitFor();
    await pair.put(pair.from, secret('hidden', { key: 'hunter3' }), configMap('taken', { a: `${hostile}2` }));
    const differences = async (name: string) => {
      await page.getByRole('searchbox').fill(name);
      await page
        .locator('.rows li', { hasText: `/${name}` })
        .getByRole('button', { name: 'Differences' })
        .first()
        .click();
      const text = await page.locator('dialog pre').textContent();
      await page.keyboard.press('Escape');
      await page.locator('dialog').waitFor({ state: 'detached' });
      return text;
    };
    expect(await differences('hidden')).toMatch(/data\.key: •+ → •+/);
    expect(await differences('taken')).toContain('<img src=x onerror=');
    expect(await page.evaluate('window.hacked')).toBeUndefined();
  });

  test('draws a lag line that moves while changes wait, and is there again after a reload', async () => {
    const highest = async () => {
      const points = (await card().locator('polyline.lag').getAttribute('points')) ?? '';
      return Math.min(...points.split(' ').map((point) => Number(point.split(',')[1])));
    };
    await eventually(async () => expect(await highest()).toBeLessThanOrEqual(60));
    await card()
      .getByText(/2 objects behind, the oldest for/)
      .waitFor();
    await picture('lag', card());
    await eventually(async () => {
      const answer = await asked(`/api/lag?task=${pair.task}`);
      const { replicas } = (await answer.json()) as Lags;
      expect(Math.max(...(replicas[pair.replica] ?? []).map(({ oldestMs }) => oldestMs))).toBeGreaterThan(
        1000,
      );
    });
    await card().getByRole('button', { name: 'Resume' }).click();
    const isUpToDate = () =>
      card()
        .getByText(/up to date/)
        .waitFor();
    await isUpToDate();
    await page.reload();
    await isUpToDate();
    await eventually(async () => expect(await highest()).toBeLessThan(60));
  });

  test('approves what is about to go, once it was shown, by keyboard', async () => {
    await Promise.all(names(12).map((name) => pair.delete(pair.from, 'configmap', name)));
    await card().getByRole('button', { name: 'See what waits' }).waitFor();
    // What comes after something was shown is not approved with it: all has to have come by then.
    await eventually(async () => {
      const { tasks } = (await (await asked('/api/tasks')).json()) as Tasks;
      const waiting = tasks.find(({ name }) => name === pair.task)?.replicas[0]?.waiting?.count;
      const there = Object.keys(await pair.content(pair.to));
      expect(waiting).toBe(there.filter((name) => name.includes('many-')).length);
    });
    await card().getByRole('button', { name: 'Pause' }).focus();
    await pressByKeyboard('See what waits');
    const dialog = page.getByRole('dialog');
    await dialog.getByText(`ConfigMap ${pair.namespace}/many-`).first().waitFor();
    await picture('approve', dialog);
    await pressByKeyboard('Approve and delete');
    await card().getByRole('heading', { name: 'Deletions are stopped' }).waitFor({ state: 'detached' });
    await card().getByText('Who asked for what').click();
    await card().getByText(`${user}: approve`).waitFor();
  });

  test('says so when it hears nothing, and goes on when it does', async () => {
    const other = await browser.newPage();
    other.setDefaultTimeout(patienceMs);
    await other.clock.install();
    await other.route('**/api/events', () => undefined);
    await other.goto(page.url());
    await other.locator('#username').fill(user);
    await other.locator('#password').fill(password);
    await other.keyboard.press('Enter');
    await other.getByText('Waiting for the service').waitFor();
    await other.clock.fastForward(36_000);
    const silence = other.getByText('The service does not answer; connecting again.');
    await silence.waitFor();
    await other.unroute('**/api/events');
    await other.clock.fastForward(4000);
    await other.getByRole('heading', { name: pair.task, exact: true }).waitFor();
    await silence.waitFor({ state: 'detached' });
    await other.close();
  });

  test('fits a phone, and the dark', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: 'dark' });
    // Lines over the last hours are drawn anew for the width that they have by then.
    // The page lets nobody evaluate texts in it, as a wait of the browser's own would.
    const isWithin = 'document.documentElement.scrollWidth <= document.documentElement.clientWidth';
    await eventually(async () => expect(await page.evaluate(isWithin)).toBe(true));
    const back = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(back).toBe('rgb(20, 23, 28)');
  });

  test('ends with its token, and met no problem on the way', async () => {
    await users(['passwd', user], 'another good password\n');
    await page.locator('#username').waitFor();
    expect(problems).toEqual([]);
  });
});
