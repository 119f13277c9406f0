/** A number and the list that it opens are made of the same filter and range: every number of every page that is a link is opened. */
import type { Browser, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { openTab, pagesOf, settled, signIn } from './browser.ts'
import type { DemoServer } from './server.ts'

/** Pages that say of how many they are. */
const LISTS = /^\/(alerts|incidents|portals|sources|events|agencies|systems|rules)$/
/** Texts whose number is no count of what they open, each with the reason. */
const NO_COUNT: [why: string, path: RegExp, text: RegExp][] = [
  ['of events; the link opens the alerts that hold them', /^\/alerts$/, /sự kiện|events/i],
]

interface Link {
  readonly href: string
  readonly text: string
}
/** Every link whose text has one number, to a list. Numbers within a name (an address, a domain, "phường 1") are none. */
const linksOf = async (page: Page): Promise<Link[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLAnchorElement>('main a[href^="/"]')].flatMap((a) => {
      // Points of a score, lines a second: a measure, said so by the page.
      if (a.hasAttribute('data-measure')) return []
      const bold = a.querySelector('b:not([data-measure])')
      const told = (bold ?? a).cloneNode(true) as Element
      for (const measure of told.querySelectorAll('[data-measure]')) measure.remove()
      const text = told.textContent?.trim() ?? ''
      return text === '' ? [] : [{ href: a.getAttribute('href')!, text }]
    }),
  )
const countIn = (text: string): number | undefined => {
  const found = [...text.matchAll(/(?<![\p{L}\d.:/-])\d{1,3}(?:[.,]\d{3})*(?![\p{L}\d:/%-])/gu)]
  return found.length === 1 ? Number(found[0]![0].replaceAll(/[.,]/g, '')) : undefined
}

/** Of how many the list behind a link is. */
const countOf = async (page: Page, href: string): Promise<number> => {
  await page.goto(href)
  await page.locator('[data-count]').first().waitFor()
  await settled(page)
  return Number(await page.locator('[data-count]').first().getAttribute('data-count'))
}

/** Over a demo that nobody has worked in. */
export const numbersSuite = (demoOf: () => DemoServer, browserOf: () => Browser): void => {
  /** Of how many each list is, whatever the language. */
  const seen = new Map<string, number>()
  test.each(['vi', 'en'] as const)('every number that is a link opens as many, in %s', async (language) => {
    const [demo, browser] = [demoOf(), browserOf()]
    const { context, page } = await openTab(browser, demo.url, { language })
    const account = demo.accounts.find(({ role }) => role === 'administrator')!
    await signIn(page, account.username, account.password)
    const wrong: string[] = []
    let compared = 0
    for (const [name, path] of await pagesOf(page)) {
      // The wall has no links, and the weeks have those of the managers' page.
      if (name === 'wall' || name === 'managers-weeks') continue
      await page.goto(path)
      await settled(page)
      const own = new URL(page.url()).pathname
      const links = (await linksOf(page)).filter(({ href, text }) => {
        const to = new URL(href, demo.url).pathname
        return (
          LISTS.test(to) &&
          countIn(text) !== undefined &&
          !NO_COUNT.some(([, list, words]) => list.test(to) && words.test(text))
        )
      })
      // Of a table each column is made alike: some rows of it tell.
      const some = new Map<string, Link[]>()
      for (const link of links) {
        const url = new URL(link.href, demo.url)
        const kind = `${url.pathname} ${[...url.searchParams.keys()].sort()}`
        const those = some.get(kind) ?? []
        if (those.length < 3) some.set(kind, [...those, link])
      }
      for (const { href, text } of [...some.values()].flat()) {
        const known = seen.get(href)
        if (known === undefined) {
          seen.set(href, await countOf(page, href))
        }
        compared++
        if (seen.get(href) === countIn(text)) continue
        // The demo goes on: an event may have come between the two looks. They are taken again, close together.
        let told = ''
        for (let again = 0; again < 3; again++) {
          await page.goto(path)
          await settled(page)
          const now = (await linksOf(page)).find((link) => link.href === href)
          const count = now && (await countOf(page, href))
          told = `${name} (${own}): "${now?.text}" opens ${href}, which has ${count}`
          if (!now || countIn(now.text) === count) {
            told = ''
            break
          }
        }
        if (told) wrong.push(told)
      }
    }
    expect(wrong).toEqual([])
    // It found some: the words of the pages have not slipped away from it.
    expect(compared).toBeGreaterThan(25)
    await context.close()
  })
}
