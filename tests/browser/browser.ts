/** A real Chromium, headless, from npm alone. */
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import chromium from '@sparticuz/chromium'
import { type Browser, type BrowserContext, type Page, chromium as playwright } from 'playwright-core'

export const launch = async (): Promise<Browser> => {
  chromium.setGraphicsMode = false
  const home = join(tmpdir(), 'vonglau-chromium')
  mkdirSync(home, { recursive: true })
  return playwright.launch({
    executablePath: await chromium.executablePath(),
    args: [
      ...chromium.args.filter((a) => !a.startsWith('--single-process') && !a.startsWith('--headless')),
      '--no-sandbox',
      '--headless',
    ],
    headless: true,
    env: { ...process.env, HOME: home },
  })
}

export interface Look {
  language?: 'vi' | 'en'
  theme?: 'light' | 'dark'
  width?: number
  height?: number
}

export interface Tab {
  context: BrowserContext
  page: Page
  /** What the page complained about: console errors, failed scripts, refused resources. */
  problems: string[]
}

export const openTab = async (browser: Browser, url: string, look: Look = {}): Promise<Tab> => {
  const context = await browser.newContext({
    baseURL: url,
    viewport: { width: look.width ?? 1440, height: look.height ?? 900 },
    locale: 'vi-VN',
    timezoneId: 'Asia/Ho_Chi_Minh',
    colorScheme: look.theme ?? 'light',
    reducedMotion: 'reduce',
  })
  if (look.language)
    await context.addInitScript((language) => {
      if (!localStorage.getItem('vonglau.language')) localStorage.setItem('vonglau.language', language)
    }, look.language)
  const page = await context.newPage()
  const problems: string[] = []
  page.on('console', (message) => {
    // A refused sign-in or a wrong query answers 4xx by design, and the browser logs each.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) problems.push(message.text())
  })
  page.on('pageerror', (error) => problems.push(String(error)))
  return { context, page, problems }
}

export const signIn = async (page: Page, username: string, password: string) => {
  await page.goto('/')
  await page.getByTestId('username').fill(username)
  await page.getByTestId('password').fill(password)
  await page.getByTestId('sign-in').click()
  await page.getByTestId('nav-alerts').waitFor({ state: 'attached' })
}

/** Every page of the console, by the name of its screenshot. Ids are taken from the lists. */
export const pagesOf = async (page: Page): Promise<[string, string][]> => {
  const ask = (path: string) =>
    page.evaluate(async (p) => (await fetch(p)).json(), path) as Promise<{ items: { id: string }[] }>
  const first = async (path: string) => (await ask(path)).items[0]?.id
  const alert = await first('/api/alerts?limit=1')
  const incident = await first('/api/incidents')
  const agency = await first('/api/agencies')
  const rule = await first('/api/rules')
  const id = encodeURIComponent
  return [
    ['overview', '/overview'],
    ['managers', '/managers'],
    ['managers-weeks', '/managers?weeks=1&all=1'],
    ['wall', '/wall'],
    ['alerts', '/alerts'],
    ...(alert ? [['alert', `/alerts?alert=${id(alert)}`] as [string, string]] : []),
    ['alerts-grouped', '/alerts?group=rule'],
    ['incidents', '/incidents'],
    ...(incident ? [['incident', `/incidents/${id(incident)}`] as [string, string]] : []),
    ['agencies', '/agencies'],
    ...(agency ? [['agency', `/agencies/${id(agency)}`] as [string, string]] : []),
    ['coverage', '/coverage'],
    ['systems', '/systems'],
    ['system', '/systems/dich-vu-cong'],
    ['inventory', '/inventory'],
    ['inventory-past', '/inventory?date=2024-12-31'],
    ['portals', '/portals'],
    ['events', '/events'],
    ['rules', '/rules'],
    ...(rule ? [['rule', `/rules/${id(rule)}`] as [string, string]] : []),
    ['sources', '/sources?setup=1'],
    ['reports', '/reports'],
    ['reports-agency', '/reports?kind=month&organization=so-y-te'],
    ['admin-users', '/admin/users'],
    ['admin-audit', '/admin/audit'],
    ['admin-health', '/admin/health'],
    ['password', '/password'],
  ]
}

/** The page has its data and nothing is on its way. */
export const settled = async (page: Page) => {
  await page.waitForLoadState('load')
  await page.evaluate(() => document.fonts.ready)
  let before = ''
  for (let i = 0; i < 20; i++) {
    await page.waitForTimeout(150)
    const now = await page.evaluate(() => `${document.querySelectorAll('*').length}`)
    if (now === before && i > 2) return
    before = now
  }
}
