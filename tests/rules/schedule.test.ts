/** When the rules run: a store that is away for long must not leave anything behind with every start that it keeps waiting. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Detector } from '../../rules/detect.ts'
import { createSchedule } from '../../rules/schedule.ts'

const warnings: string[] = []
const noted = ({ name }: Error) => void warnings.push(name)
beforeEach(() => {
  vi.useFakeTimers()
  warnings.length = 0
  process.on('warning', noted)
})
afterEach(() => {
  process.off('warning', noted)
  vi.useRealTimers()
})

test('a run that lasts for minutes: no other begins beside it, and those that are missed are one', async () => {
  let [asked, answer] = [0, () => {}]
  const detector = () => {
    asked++
    return new Promise<Detector | undefined>((resolve) => {
      answer = () => resolve(undefined)
    })
  }
  const schedule = createSchedule(
    async () => [],
    detector,
    () => {},
    () => {},
  )
  schedule.start()
  await vi.advanceTimersByTimeAsync(300_000)
  expect(asked).toBe(1)
  expect(warnings).toEqual([])
  answer()
  await vi.advanceTimersByTimeAsync(2500)
  expect(asked).toBe(2)
  answer()
  await schedule.stop()
})
