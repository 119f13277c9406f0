/** Sign-in, users, and the trail that every change leaves. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuditRow, UserRow } from '../../api/contract.ts'
import { type Console, OURS, openConsole, type Person } from './console.ts'

let console_: Console
let admin: Person
beforeAll(async () => {
  console_ = await openConsole()
  const { username, password } = console_.running.first!
  const first = await console_.signIn(username, password)
  expect((await first.get('/me')).body).toMatchObject({
    name: 'admin',
    role: 'administrator',
    must_change_password: true,
  })
  // Nothing but a new password before that.
  expect(await first.get('/alerts')).toMatchObject({
    status: 403,
    body: { error: { code: 'password', message: 'Choose a new password first.' } },
  })
  expect(await first.get('/users')).toMatchObject({ status: 403, body: { error: { code: 'password' } } })
  expect((await first.post('/me/password', { current: password, next: 'mat-khau-moi-1' })).status).toBe(200)
  admin = await console_.signIn('admin', 'mat-khau-moi-1')
  expect((await admin.get('/users')).status).toBe(200)
})
afterAll(() => console_.close())

test('a wrong password, and a name that is not there, are answered alike', async () => {
  const wrong = await console_.anybody.post('/auth/sign-in/username', { username: 'admin', password: 'khong-phai-the' })
  const unknown = await console_.anybody.post('/auth/sign-in/username', {
    username: 'khong-ai',
    password: 'khong-phai-the',
  })
  expect(wrong.status).toBe(401)
  expect({ status: unknown.status, body: unknown.body }).toEqual({ status: wrong.status, body: wrong.body })
  expect(wrong.headers.getSetCookie()).toEqual([])
})
test('nobody makes a user or changes themselves by the library’s own routes', async () => {
  for (const path of ['/auth/sign-up/email', '/auth/update-user', '/auth/change-password', '/auth/delete-user']) {
    expect(
      (
        await admin.post(path, {
          email: 'a@b.example',
          name: 'x',
          password: 'mat-khau-moi-2',
          role: 'administrator',
          currentPassword: 'mat-khau-moi-1',
          newPassword: 'mat-khau-moi-2',
        })
      ).status,
      path,
    ).toBe(404)
  }
  expect((await admin.get('/me')).status).toBe(200)
})
test('signing out ends the session', async () => {
  const person = await console_.person('analyst')
  expect((await person.post('/auth/sign-out', {})).status).toBe(200)
  expect((await person.get('/me')).status).toBe(401)
})
test('the session is a cookie that scripts and other sites do not get', async () => {
  const { headers } = await console_.anybody.post('/auth/sign-in/username', {
    username: 'admin',
    password: 'mat-khau-moi-1',
  })
  const [cookie] = headers.getSetCookie()
  expect(cookie).toMatch(/HttpOnly/i)
  expect(cookie).toMatch(/SameSite=Strict/i)
})

test('a new user gets a one-time password, chooses another, and is disabled', async () => {
  const added = await admin.post('/users', { name: 'Hoa', display_name: 'Lê Hoa', role: 'analyst' })
  expect(added.body).toMatchObject({
    user: { name: 'hoa', display_name: 'Lê Hoa', role: 'analyst', organizations: [], disabled: false },
  })
  expect(added.body.password).toMatch(/^[a-z0-9-]{15,19}$/)
  const { id } = added.body.user as UserRow
  const person = await console_.signIn('hoa', added.body.password)
  for (const [change, message] of [
    [{ current: 'sai', next: 'mat-khau-cua-hoa' }, 'The current password is not right.'],
    [{ current: added.body.password, next: 'ngan' }, 'The new password is too short: use at least 10 characters.'],
    [{ current: added.body.password, next: added.body.password }, 'The new password is the old one: choose another.'],
  ] as const) {
    expect(await person.post('/me/password', change)).toMatchObject({
      status: 422,
      body: { error: { code: 'password', message } },
    })
  }
  expect((await person.post('/me/password', { current: added.body.password, next: 'mat-khau-cua-hoa' })).status).toBe(
    200,
  )
  expect((await person.get('/alerts')).status).toBe(200)

  // Another role ends the sessions, and so do a reset and a disabled account; another name does not.
  expect((await admin.post(`/users/${id}`, { display_name: 'Lê Thị Hoa' })).status).toBe(200)
  expect((await person.get('/me')).status).toBe(200)
  expect((await admin.post(`/users/${id}`, { role: 'manager' })).body.user.role).toBe('manager')
  expect((await person.get('/me')).status).toBe(401)
  const manager = await console_.signIn('hoa', 'mat-khau-cua-hoa')
  expect((await manager.get('/me')).body.can.triage).toBe(false)
  const reset = await admin.post(`/users/${id}`, { reset: true })
  expect((await manager.get('/me')).status).toBe(401)
  const again = await console_.signIn('hoa', reset.body.password)
  expect((await again.get('/alerts')).status).toBe(403)
  expect((await admin.post(`/users/${id}`, { disabled: true })).status).toBe(200)
  expect((await again.get('/me')).status).toBe(401)
  const third = await admin.post(`/users/${id}`, { reset: true })
  const refused = await console_.anybody.post('/auth/sign-in/username', {
    username: 'hoa',
    password: third.body.password,
  })
  expect(refused).toMatchObject({
    status: 403,
    body: { code: 'DISABLED', message: 'This account is switched off: ask an administrator.' },
  })
  expect(refused.headers.getSetCookie().join()).not.toMatch(/session_token=[^;]/)
})

test.each([
  [
    'a name that is taken',
    { name: 'admin', display_name: 'x', role: 'analyst' },
    'user',
    /there is a user "admin" already/,
  ],
  ['a name that cannot be', { name: 'a b', display_name: 'x', role: 'analyst' }, 'user', /"a b" cannot be a user name/],
  [
    'an agency that is not there',
    { name: 'ai', display_name: 'x', role: 'agency_viewer', organizations: ['so-yte'] },
    'agency',
    /There is no agency "so-yte" in the inventory\./,
  ],
  [
    'a viewer of no agency',
    { name: 'ai', display_name: 'x', role: 'agency_viewer' },
    'agency',
    /An agency viewer needs at least one agency\./,
  ],
])('%s is refused in a sentence', async (_, user, code, message) => {
  expect(await admin.post('/users', user)).toMatchObject({
    status: 422,
    body: { error: { code, message: expect.stringMatching(message) } },
  })
})
test('a user that is not there', async () => {
  expect(await admin.post('/users/khong-co', { disabled: true })).toMatchObject({
    status: 404,
    body: { error: { code: 'not_found' } },
  })
})
test('the last administrator stays', async () => {
  const { id } = (await admin.get('/users')).body.items.find(({ name }: UserRow) => name === 'admin') as UserRow
  for (const change of [
    { disabled: true },
    { role: 'analyst' },
    { role: 'agency_viewer', organizations: [OURS.agency] },
  ]) {
    expect(await admin.post(`/users/${id}`, change)).toMatchObject({
      status: 422,
      body: { error: { code: 'last_administrator', message: 'At least one administrator has to remain.' } },
    })
  }
  await console_.person('administrator')
  expect((await admin.post(`/users/${id}`, { display_name: 'Quản trị' })).status).toBe(200)
})
test('every change is in the trail with who and when, and no password is', async () => {
  const { body, text } = await admin.get('/audit')
  const rows = body.items as AuditRow[]
  const of = (what: string) => rows.filter((row) => row.what === what).map(({ by, object }) => `${by}: ${object}`)
  expect(of('user.add')).toEqual(['admin: hoa', 'system: admin'])
  expect(of('user.reset')).toEqual(['admin: hoa', 'admin: hoa'])
  expect(of('user.sign_in')).toContain('hoa: hoa')
  expect(of('user.change')).toContain('admin: hoa')
  expect(of('password.change')).toEqual(expect.arrayContaining(['admin: admin', 'hoa: hoa']))
  for (const { at } of rows) expect(Math.abs(Date.now() - at)).toBeLessThan(600_000)
  expect(rows.map(({ at }) => at)).toEqual(rows.map(({ at }) => at).toSorted((a, b) => b - a))
  expect(text).not.toMatch(/mat-khau/)
})
