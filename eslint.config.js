import graphql from '@graphql-eslint/eslint-plugin'

/** Only schema.graphql is linted here; TypeScript is Biome's. */
export default [
  {
    files: ['schema.graphql'],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: './schema.graphql' } } },
    plugins: { '@graphql-eslint': graphql },
    rules: {
      '@graphql-eslint/relay-arguments': 'error',
      '@graphql-eslint/relay-connection-types': 'error',
      // Connections have `nodes`, payloads have lists: docs/decisions/0009.
      '@graphql-eslint/relay-edge-types': ['error', { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false }],
      '@graphql-eslint/relay-page-info': 'error',
      '@graphql-eslint/require-description': [
        'error',
        {
          types: true,
          rootField: true,
          DirectiveDefinition: true,
          EnumValueDefinition: true,
          FieldDefinition: true,
          InputValueDefinition: true,
        },
      ],
      // As in schema-recommended.
      '@graphql-eslint/naming-convention':
        graphql.configs['flat/schema-recommended'].rules['@graphql-eslint/naming-convention'],
      '@graphql-eslint/no-unreachable-types': 'error',
    },
  },
]
