/** One walk through the console: it is built, it is served, a person signs in and sees what was found. */
import { expect, test } from 'vitest'
import { attack, openConsole, OURS, PASSWORD, request } from '../api/console.ts'
import { launch, openTab, signIn } from './browser.ts'

test('a person signs in, sees incidents and opens an alert', async () => {
  const console_ = await openConsole()
  const browser = await launch()
  try {
    await console_.take(OURS.source, [request(OURS.host, OURS.path), attack(OURS.host, OURS.path)])
    const { username } = await console_.person('analyst')
    const { page, problems } = await openTab(browser, console_.running.url)
    await signIn(page, username, PASSWORD)
    await page.goto('/incidents?status=all')
    await page.getByTestId('incident-row').first().waitFor()
    await page.goto('/alerts?range=30d')
    await page.getByTestId('alert-row').first().click()
    await page.getByTestId('alert-drawer').getByTestId('alert-status').waitFor()
    expect(problems).toEqual([])
  } finally {
    await browser.close()
    await console_.close()
  }
})
