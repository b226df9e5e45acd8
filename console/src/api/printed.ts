/**
 * What an answer holds. The server prints every number, word, list and map, also an empty one; only messages
 * and times may be missing, and the description's types call all of it optional.
 */

type IsMessage<T> = T extends readonly unknown[]
  ? false
  : T extends object
    ? string extends keyof T
      ? false
      : true
    : false;

type MayBeMissing<Key, T> = Key extends `${string}_time` ? true : IsMessage<T>;

export type Printed<T> = T extends readonly (infer Item)[]
  ? Printed<Item>[]
  : T extends object
    ? string extends keyof T
      ? T
      : {
          [Key in keyof T as MayBeMissing<Key, NonNullable<T[Key]>> extends true ? never : Key]-?: Printed<
            NonNullable<T[Key]>
          >;
        } & {
          [Key in keyof T as MayBeMissing<Key, NonNullable<T[Key]>> extends true ? Key : never]?: Printed<
            NonNullable<T[Key]>
          >;
        }
    : T;
