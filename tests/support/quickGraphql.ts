/**
 * Runs before each test file: graphql-js as it is in production. Its other mode asks, of every value that is no instance of a class, whether it may be one of another
 * copy of graphql-js; in Jest's context, where each look at a global costs, that took a fifth of the time a schema takes to build.
 */
const given = process.env.NODE_ENV
process.env.NODE_ENV = 'production'
await import('graphql')
process.env.NODE_ENV = given
