/** What becomes of old events, as an administrator sees it: what is announced, what is held, and a clock that is not believed. */
import { expect, test } from 'vitest'
import { openRetention } from '../../api/retention.ts'
import { openClock } from '../../ingest/clock.ts'
import { attack, OURS, openConsole, request } from '../api/console.ts'
import { launch, openTab } from './browser.ts'

const DAY = 86_400_000

test('an incident is held, a day is announced, a doubted clock is confirmed; the journal tells of both', async () => {
  let shift = 0
  const console_ = await openConsole(
    'retention: { days: 10, gigabytes: 0.000001 }\n',
    openClock(() => Date.now() + shift),
  )
  const browser = await launch()
  try {
    const { installation } = console_.running
    const ago = (days: number) => Date.now() - days * DAY
    for (const days of [12, 3])
      await installation.store.events.append(
        {
          events: Array.from({ length: 1200 }, (_, i) => ({
            '@timestamp': ago(days) + i,
            'event.id': `cu-${days}-${i}`,
            'event.kind': 'event',
            'event.dataset': 'nginx_access',
          })),
          offsets: [],
        },
        ago(days),
      )
    await console_.take(OURS.source, [request(OURS.host, OURS.path), attack(OURS.host, OURS.path)])
    const admin = await console_.person('administrator')
    const { context, page, problems } = await openTab(browser, console_.running.url)
    await context.addCookies(
      admin.cookie.split('; ').map((each) => {
        const at = each.indexOf('=')
        return { name: each.slice(0, at), value: each.slice(at + 1), url: console_.running.url }
      }),
    )
    await page.goto('/incidents?status=all')
    await page.getByTestId('incident-row').first().locator('a.title').click()
    await page.getByTestId('hold-incident').click()
    await page.getByTestId('incident-held').waitFor()
    await openRetention(installation, () => {}).pass()
    await page.goto('/admin/health')
    const retention = page.getByTestId('retention')
    await retention.waitFor()
    const said = await retention.innerText()
    expect(said).toContain(new Date(ago(12)).toISOString().slice(0, 10))
    expect(said).toMatch(/quá số ngày lưu giữ[\s\S]*vượt hạn mức dung lượng/)
    expect(said).toMatch(/SYT-\d{4}-001\s+giữ \d+ sự kiện/)
    shift = 400 * DAY
    await page.reload()
    await page.getByTestId('clock-doubted').waitFor()
    if (process.env['VONGLAU_PICTURES'])
      await page.screenshot({ path: `${process.env['VONGLAU_PICTURES']}/retention.png`, fullPage: true })
    await page.getByTestId('accept-clock').click()
    await page.getByTestId('accept-clock-sure').click()
    await page.getByTestId('clock-doubted').waitFor({ state: 'detached' })
    expect(installation.clock.doubt()).toBeUndefined()
    await page.goto('/admin/audit')
    await page.getByText('xác nhận đồng hồ máy chủ').first().waitFor()
    await page.getByText('giữ sự kiện của sự cố').first().waitFor()
    expect(problems).toEqual([])
  } finally {
    await browser.close()
    await console_.close()
  }
})
