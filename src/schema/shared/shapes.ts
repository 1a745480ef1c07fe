import type { Shape } from '../../read/recordType.ts'

/** A postal address. */
export const Address: Shape = {
  name: 'Address',
  description: 'A postal address.',
  members: {
    street: { kind: 'text', description: 'Street and house number; several lines are allowed.', max: 500 },
    city: { kind: 'text', description: 'City or town.', max: 100 },
    state: { kind: 'text', description: 'State, province or region.', max: 100 },
    postalCode: { kind: 'text', description: 'Postal code.', max: 20 },
    countryCode: { kind: 'country', description: 'Country, ISO 3166-1 alpha-2.' },
    lat: { kind: 'decimal', description: 'Latitude in degrees.' },
    lng: { kind: 'decimal', description: 'Longitude in degrees.' },
  },
}

/** One of a person's e-mail addresses. */
export const EmailEntry: Shape = {
  name: 'EmailEntry',
  description: 'One of several e-mail addresses.',
  members: {
    address: { kind: 'email', description: 'The address.', required: true },
    label: { kind: 'text', description: 'What it is for: work, private.', max: 40 },
    isPrimary: { kind: 'boolean', description: 'Is it the one to write to first.' },
    isInvalid: { kind: 'boolean', description: 'Did mail to it come back.' },
    optedOut: { kind: 'boolean', description: 'Has its owner asked for no mail.' },
  },
}

/** One of a person's telephone numbers. */
export const PhoneEntry: Shape = {
  name: 'PhoneEntry',
  description: 'One of several telephone numbers.',
  members: {
    number: { kind: 'phone', description: 'The number, E.164.', required: true },
    label: { kind: 'text', description: 'What it is for: work, mobile, home.', max: 40 },
    isPrimary: { kind: 'boolean', description: 'Is it the one to call first.' },
  },
}

/** A person's account in a social network. */
export const SocialProfile: Shape = {
  name: 'SocialProfile',
  description: 'An account in a social network.',
  members: {
    platform: { kind: 'text', description: 'The network: WECHAT, LINKEDIN, X.', max: 40, required: true },
    handle: { kind: 'text', description: 'The name or number there.', required: true },
  },
}

/** A part of a score, and why there are points for it. */
export const ScorePart: Shape = {
  name: 'ScorePart',
  description: 'A part of a score.',
  members: {
    key: { kind: 'text', description: 'The tenant’s short name for it: budget, visits.', max: 50, required: true },
    points: { kind: 'int', description: 'Points for it; below 0 takes away.', required: true },
    reason: { kind: 'text', description: 'Why there are so many.' },
  },
}

/** A text in the languages that the API speaks. */
export const LocalizedText: Shape = {
  name: 'LocalizedText',
  description: 'A text in several languages.',
  members: {
    en: { kind: 'text', description: 'In English, or in the company’s own language.', max: 255, required: true },
    zhCN: { kind: 'text', description: 'In Chinese; the other one where it is left out.', max: 255 },
  },
}

/** One of the values of a custom field that is a choice. */
export const FieldOption: Shape = {
  name: 'FieldOption',
  description: 'A value of a custom SELECT or MULTISELECT field.',
  members: {
    value: { kind: 'text', description: 'What records hold; never changed, only archived.', max: 100, required: true },
    label: { kind: 'text', description: 'What people read, in English; the value where it is left out.', max: 255 },
    labelZhCN: { kind: 'text', description: 'What people read, in Chinese.', max: 255 },
    archived: {
      kind: 'boolean',
      description: 'It cannot be chosen any more; records that hold it keep it.',
    },
  },
}
