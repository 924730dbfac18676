// The package has no types: its default export is the path of the binary.
declare module "workerd" {
  const workerd: { readonly default: string };
  export default workerd;
}
