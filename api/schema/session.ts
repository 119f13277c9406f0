/** The session. These two are the library's own routes (better-auth), the only ones of it that are open. */
import { z } from 'zod'
import { operation } from './operation.ts'

export const signIn = operation({
  id: 'signIn',
  tag: 'people',
  summary: 'Begins a session: the answer sets its cookie',
  act: 'own',
  open: true,
  body: z.strictObject({ username: z.string(), password: z.string() }),
  answer: z.strictObject({
    token: z.string(),
    user: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string()), z.null()]))
      .describe('As the library keeps it: GET /api/me says who is signed in'),
  }),
  refuses: [401, 403, 429],
})
export const signOut = operation({
  id: 'signOut',
  tag: 'people',
  summary: 'Ends the session',
  act: 'own',
  open: true,
  answer: z.strictObject({ success: z.boolean() }),
})
