/** Whom to call, on every page that shows the thing. */
import { isValidOn } from '../../ingest/inventory/days.ts'
import type { Contact } from '../../ingest/inventory/schema.ts'
import type { ContactRow } from '../contract.ts'

/** Those in force on a day, whoever answers around the clock first. */
export const contactRows = (contacts: readonly Contact[], date: string): ContactRow[] =>
  contacts
    .filter((contact) => isValidOn(contact, date))
    .map(({ name, role, phone, mail, always, deputy }) => ({
      name,
      always,
      ...(role === undefined ? {} : { role }),
      ...(phone === undefined ? {} : { phone }),
      ...(mail === undefined ? {} : { mail }),
      ...(deputy === undefined ? {} : { deputy }),
    }))
    .sort((a, b) => Number(b.always) - Number(a.always))
