/** Accounts, and one's own. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { act, named, ok, role, time } from './words.ts'

export const me = z
  .strictObject({
    name: z.string(),
    display_name: z.string(),
    role,
    organizations: z.array(named).describe('Empty: all'),
    sees_all: z.boolean().describe('The whole province: campaigns as a whole, and what belongs to nobody'),
    can: z.record(act, z.boolean()).describe('What the console may offer: a row of the table of permissions'),
    must_change_password: z.boolean(),
  })
  .meta({ id: 'Me' })
export const userRow = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    display_name: z.string(),
    role,
    organizations: z.array(z.string()),
    created: time,
    last_sign_in: time.optional(),
    disabled: z.boolean(),
  })
  .meta({ id: 'UserRow' })

export const getMe = operation({
  id: 'getMe',
  tag: 'people',
  summary: 'Who is signed in, and what they may',
  act: 'own',
  answer: me,
})
export const changePassword = operation({
  id: 'changePassword',
  tag: 'people',
  summary: 'Chooses another password; every other session of the account ends',
  act: 'own',
  body: z.strictObject({ current: z.string(), next: z.string().max(256) }),
  answer: ok,
  refuses: [422, 429],
})
export const listPeople = operation({
  id: 'listPeople',
  tag: 'people',
  summary: 'Those who can be assigned',
  act: 'read',
  answer: z.strictObject({ items: z.array(z.strictObject({ name: z.string(), display_name: z.string() })) }),
})
export const listUsers = operation({
  id: 'listUsers',
  tag: 'people',
  summary: 'All accounts',
  act: 'admin',
  answer: z.strictObject({ items: z.array(userRow) }),
})
export const newUser = z.strictObject({
  name: z.string(),
  display_name: z.string().min(1).max(200),
  role,
  organizations: z.array(z.string()).default([]),
})
export const addUser = operation({
  id: 'addUser',
  tag: 'people',
  summary: 'Makes an account; its one-time password is told once',
  act: 'admin',
  body: newUser,
  answer: z.strictObject({ user: userRow, password: z.string() }),
  refuses: [422],
})
export const userChange = z.strictObject({
  display_name: z.string().min(1).max(200).optional(),
  role: role.optional(),
  organizations: z.array(z.string()).optional(),
  disabled: z.boolean().optional(),
  reset: z.boolean().optional(),
})
export const changeUser = operation({
  id: 'changeUser',
  tag: 'people',
  summary: 'Changes an account, or gives it a one-time password',
  act: 'admin',
  body: userChange,
  answer: z.strictObject({ user: userRow, password: z.string().optional() }),
  refuses: [404, 422],
})
