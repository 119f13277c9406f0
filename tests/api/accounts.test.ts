/** What is tried against accounts: guessing, a password that changes under a sign-in, one-time passwords; and that it is told. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openBackoff, placeOf } from '../../api/auth/backoff.ts'
import { openFailures } from '../../api/auth/failures.ts'
import { knownFrom, placesOf } from '../../api/auth/places.ts'
import type { AuditRow, UserRow } from '../../api/contract.ts'
import { type Answer, type Console, openConsole, type Person } from './console.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const PASSWORD = 'mat-khau-cua-toi'
/** The clock stands still, but for what a test lets go by. */
const BEGAN = Date.now()
let ahead = 0
let console_: Console
let admin: Person
beforeAll(async () => {
  console_ = await openConsole('trusted_proxy: [127.0.0.1]\n', () => BEGAN + ahead)
  admin = await console_.person('administrator')
})
afterAll(() => console_.close())
/** Every test has its minute and its addresses. */
let net = 0
beforeEach(() => {
  net++
  ahead += MINUTE
})
const from = (n: number) => `10.${net}.0.${n}`

const signIn = (username: string, password: string, address: string): Promise<Answer> =>
  console_.anybody.post('/auth/sign-in/username', { username, password }, { 'x-forwarded-for': address })
const cookieOf = ({ headers }: Answer) => ({
  cookie: headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; '),
})
const me = (answer: Answer) => console_.anybody.get('/me', cookieOf(answer))
const trail = async (what: string): Promise<AuditRow[]> =>
  ((await admin.get('/audit')).body.items as AuditRow[]).filter((row) => row.what === what)
const idOf = async (username: string): Promise<string> =>
  ((await admin.get('/users')).body.items as UserRow[]).find(({ name }) => name === username)!.id
const statuses = (answers: readonly Answer[]): { [status: number]: number } =>
  Object.fromEntries([...Map.groupBy(answers, ({ status }) => status)].map(([status, all]) => [status, all.length]))

describe('guessing', () => {
  test('60 wrong passwords from ten addresses: ten are looked at, the owner gets in from where he is known', async () => {
    const { username } = await console_.person('analyst')
    expect((await signIn(username, PASSWORD, from(200))).status).toBe(200)
    const guesses: Answer[] = []
    for (let i = 0; i < 60; i++) guesses.push(await signIn(username, `sai-${i}`, from(i % 10)))
    expect(guesses.slice(0, 10).map(({ status }) => status)).toEqual(new Array(10).fill(401))
    expect(statuses(guesses)).toEqual({ 401: 10, 429: 50 })
    const last = guesses.at(-1)!
    expect(last).toMatchObject({
      status: 429,
      body: { code: 'WAIT', message: expect.stringMatching(/^Too many wrong passwords: try again in \d+ s\.$/) },
    })
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(last.headers.getSetCookie()).toEqual([])
    // The right one is not looked at either from there, nor from an eleventh address.
    expect((await signIn(username, PASSWORD, from(3))).status).toBe(429)
    expect((await signIn(username, PASSWORD, from(100))).status).toBe(429)
    expect((await signIn(username, PASSWORD, from(200))).status).toBe(200)
    // It passes.
    ahead += 15 * MINUTE
    expect((await signIn(username, PASSWORD, from(100))).status).toBe(200)
  })
  test('forty at once are no hole', async () => {
    const { username } = await console_.person('analyst')
    const guesses = await Promise.all(Array.from({ length: 40 }, (_, i) => signIn(username, `sai-${i}`, from(i % 10))))
    expect(statuses(guesses)).toEqual({ 401: 10, 429: 30 })
  })
  test('a name that is nobody’s is answered alike', async () => {
    const guesses = await Promise.all(
      Array.from({ length: 20 }, (_, i) => signIn('khong-co-ai', `sai-${i}`, from(i % 10))),
    )
    expect(statuses(guesses)).toEqual({ 401: 10, 429: 10 })
  })
  test('one address against many accounts waits, and whoever is known there does not', async () => {
    const { username } = await console_.person('analyst')
    expect((await signIn(username, PASSWORD, from(1))).status).toBe(200)
    const guesses = await Promise.all(
      Array.from({ length: 36 }, (_, i) => signIn(`ten-${i}`, 'Mua-Xuan-2026', from(1))),
    )
    expect(statuses(guesses)).toEqual({ 401: 30, 429: 6 })
    expect((await signIn(username, PASSWORD, from(1))).status).toBe(200)
  })
  test('from the owner’s own address, too', async () => {
    const { username } = await console_.person('analyst')
    expect((await signIn(username, PASSWORD, from(1))).status).toBe(200)
    const guesses = await Promise.all(Array.from({ length: 14 }, (_, i) => signIn(username, `sai-${i}`, from(1))))
    expect(statuses(guesses)).toEqual({ 401: 10, 429: 4 })
  })
  test('an account that nobody has entered yet is not shut to its owner: its password is as long as a key', async () => {
    const { password } = (await admin.post('/users', { name: 'nguoi-moi', display_name: 'x', role: 'manager' })).body
    for (let i = 0; i < 14; i++) await signIn('nguoi-moi', `sai-${i}`, from(i))
    expect((await signIn('nguoi-moi', password, from(99))).status).toBe(200)
  })
  test('by a session that was taken: the current password is not guessed either', async () => {
    const person = await console_.person('analyst')
    const answers: Answer[] = []
    for (let i = 0; i < 12; i++)
      answers.push(await person.post('/me/password', { current: `sai-${i}`, next: 'mot-mat-khau-khac' }))
    expect(statuses(answers)).toMatchObject({ 422: 10, 429: 2 })
    expect((await person.post('/me/password', { current: PASSWORD, next: 'mot-mat-khau-khac' })).status).toBe(429)
  })
  test('only the two routes of the library that are needed are open', async () => {
    for (const path of [
      '/sign-in/email',
      '/request-password-reset',
      '/verify-password',
      '/list-sessions',
      '/update-session',
    ])
      expect((await admin.post(`/auth${path}`, { email: 'admin@vonglau.invalid', password: 'x' })).status, path).toBe(
        404,
      )
    expect((await admin.get('/auth/get-session')).status).toBe(404)
  })
  test('what it remembers is bounded, under made-up names and addresses', () => {
    const backoff = openBackoff(() => 1_000_000)
    const real = { account: 'a', name: 'a', known: false }
    for (let i = 0; i < 10; i++) backoff.begin({ ...real, place: `192.0.2.${i}` })
    for (let i = 0; i < 100_000; i++)
      backoff.begin({ account: undefined, name: `ten-${i}`, place: `2001:db8:${i.toString(16)}::/64`, known: false })
    expect(backoff.size()).toBeLessThanOrEqual(10_000)
    // The account's own is not forgotten for it.
    expect(backoff.begin({ ...real, place: '192.0.2.99' }).wait).toBeGreaterThan(0)
    const failures = openFailures(() => 1_000_000)
    for (let i = 0; i < 100_000; i++) failures.add(undefined, `10.${i}`, false)
    const told = failures.take(true)
    expect(told.length).toBeLessThanOrEqual(201)
    expect(told.reduce((sum, { detail }) => sum + JSON.parse(detail!).failed, 0)).toBe(100_000)
  })
  test('the wait doubles to a quarter of an hour, does not grow by being asked, and a clock set back ends nothing', () => {
    let now = 10_000_000
    const backoff = openBackoff(() => now)
    const attempt = { account: 'a', name: 'a', place: 'x', known: true }
    for (let i = 0; i < 10; i++) expect(backoff.begin(attempt).wait).toBe(0)
    const waits: number[] = []
    for (let i = 0; i < 12; i++) {
      const { wait } = backoff.begin(attempt)
      expect(backoff.begin(attempt).wait).toBe(wait)
      now -= 5_000_000
      expect(backoff.begin(attempt).wait).toBe(wait)
      now += 5_000_000
      waits.push(wait)
      now += wait
      expect(backoff.begin(attempt).wait).toBe(0)
    }
    expect(waits.map((wait) => wait / 1000)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900])
    now += DAY + 1
    expect(backoff.begin(attempt).wait).toBe(0)
    expect(backoff.begin(attempt).wait).toBe(0)
  })
  test.each([
    ['198.51.100.7', '198.51.100.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['unknown', 'unknown'],
  ])('%s is at %s', (address, place) => expect(placeOf(address)).toBe(place))
})

describe('a sign-in while the password changes', () => {
  test.each(['by its owner', 'by an administrator'])('%s: no session begins with the old one', async (who) => {
    for (let round = 0; round < 2; round++) {
      const person = await console_.person('analyst')
      const id = await idOf(person.username)
      const entering = Array.from({ length: 5 }, (_, i) => signIn(person.username, PASSWORD, from(i)))
      const changing =
        who === 'by its owner'
          ? person.post('/me/password', { current: PASSWORD, next: 'mot-mat-khau-khac' })
          : admin.post(`/users/${id}`, { reset: true })
      entering.push(...Array.from({ length: 2 }, (_, i) => signIn(person.username, PASSWORD, from(10 + i))))
      const answers = await Promise.all(entering)
      expect((await changing).status).toBe(200)
      for (const answer of answers) {
        expect([200, 401, 403, 429]).toContain(answer.status)
        expect((await me(answer)).status).toBe(401)
      }
      // Who changed it stays.
      if (who === 'by its owner') expect((await person.get('/me')).status).toBe(200)
      ahead += 20 * MINUTE
      if (who === 'by its owner')
        expect((await me(await signIn(person.username, 'mot-mat-khau-khac', from(50)))).status).toBe(200)
    }
  })
  test('of two who change it at once, one does', async () => {
    const person = await console_.person('analyst')
    const answers = await Promise.all(
      [1, 2, 3, 4].map((n) => person.post('/me/password', { current: PASSWORD, next: `mot-mat-khau-khac-${n}` })),
    )
    expect(statuses(answers)[200]).toBe(1)
  })
})

describe('a one-time password', () => {
  const made = async (name: string): Promise<string> =>
    (await admin.post('/users', { name, display_name: 'x', role: 'manager' })).body.password
  const over = {
    status: 403,
    body: { code: 'ONE_TIME', message: expect.stringMatching(/ask an administrator for another/) },
  }
  test('ends at its first use; who used it chooses another', async () => {
    const password = await made('mot-lan')
    const first = await signIn('mot-lan', password, from(1))
    expect(first.status).toBe(200)
    expect(await signIn('mot-lan', password, from(1))).toMatchObject(over)
    expect((await signIn('mot-lan', `${password}x`, from(1))).status).toBe(401)
    const next = 'mat-khau-cua-rieng-toi'
    expect((await console_.anybody.post('/me/password', { current: password, next }, cookieOf(first))).status).toBe(200)
    expect((await signIn('mot-lan', next, from(1))).status).toBe(200)
    expect((await signIn('mot-lan', next, from(1))).status).toBe(200)
    expect((await signIn('mot-lan', password, from(1))).status).toBe(401)
  })
  test('of many who use it at once, one gets in', async () => {
    const password = await made('cung-luc')
    const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => signIn('cung-luc', password, from(i))))
    expect(statuses(answers)).toEqual({ 200: 1, 403: 4 })
  })
  test('ends after a day, also one of a reset', async () => {
    const password = await made('qua-han')
    const id = await idOf('qua-han')
    ahead += DAY + MINUTE
    expect(await signIn('qua-han', password, from(1))).toMatchObject(over)
    const again = (await admin.post(`/users/${id}`, { reset: true })).body.password
    ahead += DAY - MINUTE
    expect((await signIn('qua-han', again, from(1))).status).toBe(200)
  })
})

describe('the trail', () => {
  test('has every sign-in, with the address', async () => {
    const { username } = await console_.person('manager')
    expect((await signIn(username, PASSWORD, from(7))).status).toBe(200)
    const rows = (await trail('user.sign_in')).filter(({ object }) => object === username)
    expect(rows.map(({ by, detail }) => [by, JSON.parse(detail!)])).toEqual([
      [username, { from: from(7) }],
      [username, { from: '127.0.0.1' }],
    ])
  })
  test('has failures summed by account, address and minute, and no name that is nobody’s', async () => {
    const { username } = await console_.person('manager')
    for (let i = 0; i < 14; i++) await signIn(username, 'sai', from(1))
    for (let i = 0; i < 3; i++) await signIn(username, 'sai', from(2))
    for (let i = 0; i < 5; i++) await signIn(`mat-khau-go-nham-${i}`, 'sai', from(3))
    const mine = async () =>
      (await trail('user.sign_in_failed'))
        .map(({ by, object, detail }) => ({ by, object, ...JSON.parse(detail!) }))
        .filter(({ from: at }) => String(at).startsWith(`10.${net}.`))
    // Not before the minute is over.
    expect(await mine()).toEqual([])
    ahead += MINUTE
    await console_.running.minute()
    const minute = new Date(Math.floor((BEGAN + ahead) / MINUTE) * MINUTE - MINUTE).toISOString()
    const told = (object: string, n: number, failed: number, turned_away: number) => ({
      by: 'system',
      object,
      minute,
      from: from(n),
      failed,
      turned_away,
    })
    expect((await mine()).toSorted((a, b) => (a.from < b.from ? -1 : 1))).toEqual([
      told(username, 1, 10, 4),
      told(username, 2, 0, 3),
      told('?', 3, 5, 0),
    ])
    expect((await admin.get('/audit')).text).not.toContain('go-nham')
  })
})

test('an account is known for 30 days where it signed in, at the ten newest places', () => {
  const now = 100 * DAY
  let user: { [field: string]: unknown } = {}
  for (let i = 0; i < 14; i++) user = { places: knownFrom(user, `10.0.0.${i}`, now + i) }
  expect(placesOf(user, now + 14)).toEqual(Array.from({ length: 10 }, (_, i) => `10.0.0.${13 - i}`))
  user = { places: knownFrom(user, '10.0.0.4', now + 10 * DAY) }
  expect(placesOf(user, now + 10 * DAY)[0]).toBe('10.0.0.4')
  expect(placesOf(user, now + 30 * DAY + 20)).toEqual(['10.0.0.4'])
  expect(placesOf({}, now)).toEqual([])
})
