#!/bin/sh
# Gets the AWS provider that exported Terraform modules are validated with, where Terraform itself is installed.
# In: terraform in PATH. Out: .venv/terraform, or a sentence on why not. Touches nothing else.
set -eu
cd "$(dirname "$0")/.."

left_out() {
    printf 'stepmill: %s, so exported modules are parsed but not validated\n' "$1" >&2
    exit 0
}

command -v terraform >/dev/null 2>&1 || left_out 'no terraform'
unset TF_CLI_CONFIG_FILE TF_DATA_DIR
export CHECKPOINT_DISABLE=1
mkdir -p .venv/terraform
cat >.venv/terraform/main.tf <<'EOF'
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.100" }
  }
}
EOF
# Machines that reach no registry may have the provider in a folder; Terraform's registry comes last.
for plugins in "$HOME/.terraform.d/plugins" /usr/local/share/terraform/plugins /usr/share/terraform/plugins /opt/*; do
    [ -d "$plugins/registry.terraform.io/hashicorp/aws" ] || continue
    terraform -chdir=.venv/terraform init -input=false -plugin-dir="$plugins" >/dev/null && exit 0
done
terraform -chdir=.venv/terraform init -input=false >/dev/null 2>&1 || left_out "the AWS provider of Terraform cannot be had"
