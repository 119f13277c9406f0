/** One walk through the console: it is built, it is served, a person signs in and sees what was found. */
import { expect, test } from 'vitest'
import { launch, openTab, signIn } from './browser.ts'
import { startDemo } from './server.ts'

test('a person signs in, sees incidents and opens an alert', async () => {
  const demo = await startDemo(1)
  const browser = await launch()
  try {
    const { page, problems } = await openTab(browser, demo.url)
    const { username, password } = demo.accounts.find(({ role }) => role === 'analyst')!
    await signIn(page, username, password)
    await page.goto('/incidents?status=all')
    await page.getByTestId('incident-row').first().waitFor()
    await page.goto('/alerts?range=30d')
    await page.getByTestId('alert-row').first().click()
    await page.getByTestId('alert-drawer').getByTestId('alert-status').waitFor()
    expect(problems).toEqual([])
  } finally {
    await browser.close()
    await demo.stop()
  }
})
