/**
 * A picture of each page × language × theme × width:
 *   node tests/browser/screenshots.ts <folder> [url username password] [name…]
 * Without an address it starts the demo and signs in as its administrator.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { launch, openTab, pagesOf, settled, signIn } from './browser.ts'

const [folder, url, username, password, ...only] = process.argv.slice(2)
if (!folder) throw new Error('usage: screenshots.ts <folder> [url username password] [page…]')
mkdirSync(folder, { recursive: true })

const target = url
  ? { url, username: username!, password: password!, stop: () => {} }
  : await import('./server.ts').then(async ({ startDemo }) => {
      const demo = await startDemo()
      const account = demo.accounts.find((a) => a.role === 'administrator') ?? demo.accounts[0]!
      return { url: demo.url, username: account.username, password: account.password, stop: demo.stop }
    })

const browser = await launch()
try {
  for (const width of [1440, 390])
    for (const language of ['vi', 'en'] as const)
      for (const theme of ['light', 'dark'] as const) {
        const { context, page } = await openTab(browser, target.url, {
          language,
          theme,
          width,
          height: width < 600 ? 844 : 900,
        })
        const shoot = async (name: string) => {
          if (only.length && !only.includes(name)) return
          await settled(page)
          await page.screenshot({ path: join(folder, `${name}-${language}-${theme}-${width}.png`) })
        }
        await page.goto('/')
        await page.getByTestId('username').waitFor()
        await shoot('sign-in')
        await signIn(page, target.username, target.password)
        for (const [name, path] of await pagesOf(page)) {
          if (only.length && !only.includes(name)) continue
          await page.goto(path)
          await shoot(name)
        }
        await context.close()
      }
} finally {
  await browser.close()
  await target.stop()
}
