/** `vonglau users`: who may sign in. */
import type { Command } from 'commander'
import type { Role } from '../contract.ts'
import type { Request } from '../control.ts'
import { ROLES } from '../permissions.ts'
import type { Answer } from './reach.ts'
import { print } from './show.ts'

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value]

export const addUsers = (
  program: Command,
  ask: (request: Request) => AsyncIterable<Answer>,
  person: () => string,
): void => {
  const users = program.command('users').description('who may sign in')
  users
    .command('add')
    .argument('<username>')
    .option('--name <name>', 'as shown to others')
    .option('--role <role>', ROLES.join(', '), 'analyst')
    .option('--organization <id>', 'sees only this agency and those below it; may be repeated', collect, [])
    .action(async (username: string, options: { name?: string; role: string; organization: string[] }) => {
      if (!ROLES.includes(options.role as Role))
        throw new Error(`--role ${options.role}: the roles are ${ROLES.join(', ')}`)
      for await (const answer of ask({
        ask: 'users.add',
        username,
        name: options.name ?? username,
        role: options.role as Role,
        organizations: options.organization,
        by: person(),
      })) {
        await print([
          `${answer['username']} can sign in with this password once, and then chooses another: ${answer['password']}`,
        ])
      }
    })
  users
    .command('reset')
    .argument('<username>')
    .action(async (username: string) => {
      for await (const answer of ask({ ask: 'users.reset', username, by: person() }))
        await print([
          `${answer['username']} can sign in with this password once, and then chooses another: ${answer['password']}`,
        ])
    })
}
