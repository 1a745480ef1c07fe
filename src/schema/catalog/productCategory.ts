import { record } from '../record.ts'
import { int, many, one, text } from '../shared/fields.ts'

record('ProductCategory', {
  plural: 'productCategories',
  prefix: 'pcat',
  description:
    'A branch of the catalogue, 产品类别. One with live products (CATEGORY_IN_USE) or branches (CATEGORY_HAS_CHILDREN) cannot be deleted.',
  search: ['name'],
  fields: {
    name: text('What it is called.', { required: true }),
    sort: int('Its place among its neighbours, the smallest first.', { default: 0 }),
  },
  relations: {
    parent: one('ProductCategory', 'parentId', 'The branch that it grows from; at most ten levels, no ring.', {
      onDelete: 'restrict',
      inUse: 'CATEGORY_HAS_CHILDREN',
    }),
    children: many('ProductCategory', 'parent', 'The branches that grow from it.'),
    products: many('Product', 'category', 'Its products, without those of its branches.'),
  },
})
