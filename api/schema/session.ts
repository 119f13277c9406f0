/** The session. These two are the library's own routes (better-auth), the only ones of it that are open. */
import { z } from 'zod'
import { failure } from './failure.ts'
import { operation } from './operation.ts'
import { role } from './words.ts'

/** The library's own words stay beside ours (`failure.ts` of the API), for programs that sign in by it. */
const libraryFailure = failure
  .extend({ code: z.string().optional(), message: z.string().optional() })
  .meta({ id: 'SignInFailure' })

export const signIn = operation({
  id: 'signIn',
  tag: 'people',
  summary: 'Begins a session: the answer sets its cookie',
  act: 'own',
  open: true,
  body: z.strictObject({ username: z.string(), password: z.string() }),
  answer: z.strictObject({
    redirect: z.boolean().optional(),
    token: z.string(),
    user: z
      .strictObject({
        id: z.string(),
        username: z.string(),
        displayUsername: z.string().nullish(),
        name: z.string(),
        email: z.string().describe('Made up: the library wants one'),
        emailVerified: z.boolean(),
        image: z.string().nullish(),
        createdAt: z.string(),
        updatedAt: z.string(),
        role,
        organizations: z.array(z.string()).nullish(),
        disabled: z.boolean().nullish(),
        mustChangePassword: z.boolean().nullish(),
        lastSignIn: z.number().nullish(),
      })
      .describe('As the library keeps it: GET /api/me says who is signed in'),
  }),
  failure: libraryFailure,
  refuses: [401, 403, 429],
})
export const signOut = operation({
  id: 'signOut',
  tag: 'people',
  summary: 'Ends the session',
  act: 'own',
  open: true,
  answer: z.strictObject({ success: z.boolean() }),
  failure: libraryFailure,
  refuses: [403],
})
