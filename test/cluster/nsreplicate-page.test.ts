/** The page in a browser, on a real task: signed in, a failure seen and retried, a brake approved, the lag line watched. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { configMaps, namespaces } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { isLab } from './support/contexts.ts';
import { environment, pluginProgram } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap, secret } from './support/objects.ts';
import { policy } from './support/policies.ts';
import { type Running, run } from './support/process.ts';

const CHROMIUM = '/usr/bin/chromium';
const user = `page-${randomBytes(3).toString('hex')}`;
const password = 'correct horse battery';
/** Where pictures for the docs go, when somebody wants new ones: X8S_SCREENSHOTS=docs/pictures. */
const pictures = process.env.X8S_SCREENSHOTS;
const hostile = '<img src=x onerror="window.hacked=1">';

/** Why a server refuses a copy, which the page shows; in pictures it is a reason like any other. */
const reason = pictures === undefined ? `not in this namespace ${hostile}` : 'not in this namespace';

/** The lab brings a browser: there its absence is a failure. */
const describeWithBrowser = existsSync(CHROMIUM) || isLab ? describe : describe.skip;

describeWithBrowser('the page', () => {
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
  const picture = async (name: string, of: Pick<Page, 'screenshot'> = page) => {
    if (pictures === undefined) return;
    mkdirSync(pictures, { recursive: true });
    await of.screenshot({ path: join(pictures, `page-${name}.png`) });
  };
  const card = () =>
    page.locator('section.task', { has: page.getByRole('heading', { name: pair.task, exact: true }) });
  /** As one does without a mouse: Tab until it has the focus, and Enter, while the page draws itself anew. */
  const byKeyboard = async (target: Locator, timeout = 20_000) => {
    const look = { timeout };
    const isFocused = () =>
      target.evaluate((element) => element === element.ownerDocument.activeElement, undefined, look);
    for (let tabs = 0; !(await isFocused()); tabs++) {
      if (tabs > 100) throw new Error(`Tab does not lead to ${target}`);
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
  };
  const names = (count: number) => Array.from({ length: count }, (_, index) => `many-${index}`);

  beforeAll(async () => {
    pair = await Pair.open('page');
    await pair.to.create(namespaces, { metadata: { name: pair.namespace } });
    lift = await policy(pair.replica, pair.namespace, {
      resources: ['configmaps'],
      expression: "object.metadata.name != 'refused'",
      message: reason,
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
    page.setDefaultTimeout(20_000);
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

  test('shows what fails, and why, in words and never as markup; retries it by keyboard', async () => {
    await card().getByText('1 ConfigMap on').first().waitFor();
    await card().getByText('did not make it').waitFor();
    await page.getByRole('searchbox').fill('/refused');
    const row = page.locator('.rows li', { hasText: `${pair.namespace}/refused` });
    await row.getByText('waits for a retry').waitFor();
    await row.getByText(reason).waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    await picture('failure', page.locator('section.task', { has: page.getByRole('searchbox') }));
    await picture('task', card());
    await lift();
    // No event tells the task that the policy is gone: only a retry does.
    const retried = async () => {
      await byKeyboard(row.getByRole('button', { name: 'Retry' }), 2000);
      await row.getByText('created').waitFor({ timeout: 5000 });
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

  test('draws a lag line that moves while changes wait', async () => {
    const highest = async () => {
      const points = (await card().locator('polyline.lag').getAttribute('points')) ?? '';
      return Math.min(...points.split(' ').map((point) => Number(point.split(',')[1])));
    };
    for (let look = 0; (await highest()) > 60; look++) {
      if (look > 100) throw new Error('the lag line did not move');
      await page.waitForTimeout(200);
    }
    await card()
      .getByText(/2 objects behind, the oldest for/)
      .waitFor();
    await picture('lag', card());
    await card().getByRole('button', { name: 'Resume' }).click();
    const upToDate = card().getByText(/up to date/);
    await upToDate.waitFor();
    // Whoever opens the page now sees what was before.
    await page.reload();
    await upToDate.waitFor();
    await eventually(async () => expect(await highest()).toBeLessThanOrEqual(60));
  });

  test('approves what is about to go, once it was shown, by keyboard', async () => {
    await Promise.all(names(12).map((name) => pair.delete(pair.from, 'configmap', name)));
    await byKeyboard(card().getByRole('button', { name: 'See what waits' }));
    const dialog = page.getByRole('dialog');
    await dialog.getByText(`ConfigMap ${pair.namespace}/many-`).first().waitFor();
    await picture('approve', dialog);
    await byKeyboard(dialog.getByRole('button', { name: 'Approve and delete' }));
    await card().getByRole('heading', { name: 'Deletions are stopped' }).waitFor({ state: 'detached' });
    await card().getByText('Who asked for what').click();
    await card().getByText(`${user}: approve`).waitFor();
  });

  test('says so when it hears nothing, and goes on when it does', async () => {
    const other = await browser.newPage();
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
