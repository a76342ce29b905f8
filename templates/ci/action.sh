#!/usr/bin/env bash
# The steps of action.yml: key, install, check, comment, verdict. Inputs come in variables, never as part of a script.
set -euo pipefail

# The line by which the comment of a former run is found again.
MARKER='<!-- temporal-preflight -->'

# GitHub refuses a longer comment.
LONGEST=65000

fail() {
  echo "::error title=temporal-preflight::$1"
  exit "${2:-2}"
}

warn() {
  echo "::warning title=temporal-preflight::$1"
}

place() {
  echo "${RUNNER_TEMP:?}/temporal-preflight"
}

# What the binary is built from: the key of the cache.
key() {
  local action="${GITHUB_ACTION_PATH:?}" sum
  sum=$(cd "$action" && find Cargo.toml Cargo.lock build.rs src rules templates fixtures -type f -print0 | sort -z | xargs -0 cat | git hash-object --stdin)
  echo "key=$sum" >>"$GITHUB_OUTPUT"
}

install() {
  command -v cargo >/dev/null || fail "cargo is needed to build temporal-preflight; or give the input \`binary\`"
  cargo install --locked --quiet --no-default-features --path "${GITHUB_ACTION_PATH:?}" --root "$(place)"
}

binary() {
  if [[ -n "${INPUT_BINARY:-}" ]]; then
    echo "$INPUT_BINARY"
  else
    echo "$(place)/bin/temporal-preflight"
  fi
}

event() {
  jq --raw-output "$1 // empty" "${GITHUB_EVENT_PATH:?}"
}

has() {
  git cat-file -e "$1^{commit}" 2>/dev/null
}

# Whether the change since a commit can be told: a shallow clone lacks what lies between.
reaches() {
  has "$1" && git merge-base "$1" HEAD >/dev/null 2>&1
}

# The revision the change is compared with, fetched when the checkout is shallow. Empty: the whole tree is judged.
baseline() {
  local wanted="${INPUT_BASELINE_REF:-}" base parents
  case "$wanted" in
    none) return ;;
    ?*) base="$wanted" ;;
    *)
      case "${GITHUB_EVENT_NAME:-}" in
        pull_request | pull_request_target | merge_group)
          # actions/checkout stands at a merge of the base and the branch: the base is its first parent.
          parents=$(git cat-file commit HEAD | sed -n '/^$/q; s/^parent //p')
          if [[ $(wc -w <<<"$parents") -eq 2 ]]; then
            base=$(head -n 1 <<<"$parents")
            reaches "$base" || git fetch --quiet --no-tags --deepen=1 origin "${GITHUB_REF:?}" >&2 || true
          else
            base=$(event '.pull_request.base.sha // .merge_group.base_sha')
          fi
          ;;
        push) base=$(event .before) ;;
        *) return ;;
      esac
      ;;
  esac
  # A new branch has no commit before it.
  [[ -z "$base" || "$base" =~ ^0+$ ]] && return
  if ! reaches "$base" && [[ $(git rev-parse --is-shallow-repository) == true ]]; then
    git fetch --quiet --no-tags --unshallow origin >&2 || true
  fi
  if ! has "$base" && [[ -z "$wanted" ]]; then
    git fetch --quiet --no-tags origin "$base" >&2 || true
  fi
  echo "$base"
}

check() {
  local out tool base code=0 args=()
  out=$(mktemp -d "${RUNNER_TEMP:?}/preflight-reports.XXXXXX")
  tool=$(binary)
  [[ -x "$tool" ]] || fail "there is no temporal-preflight at $tool"
  base=$(baseline)
  # Roots and further arguments are separated by spaces; nothing in them is expanded.
  set -f
  # shellcheck disable=SC2206
  args=(check ${INPUT_ROOTS:-} ${INPUT_ARGS:-})
  set +f
  [[ -n "${INPUT_FILE:-}" ]] && args+=(--file "$INPUT_FILE")
  [[ -n "$base" ]] && args+=("--baseline-ref=$base")
  "$tool" "${args[@]}" --output github --repo-url "${GITHUB_SERVER_URL:?}/${GITHUB_REPOSITORY:?}" \
    --report "json=$out/report.json" --report "sarif=$out/report.sarif" --report "markdown=$out/report.md" || code=$?
  {
    echo "exit-code=$code"
    if [[ -s "$out/report.json" ]]; then
      echo "verdict=$(jq --raw-output '.verdict | ascii_upcase | gsub("-"; " ") | if . == "NO GO" then "NO-GO" else . end' "$out/report.json")"
      echo "json=$out/report.json"
      echo "sarif=$out/report.sarif"
      echo "markdown=$out/report.md"
    fi
  } >>"$GITHUB_OUTPUT"
}

# Call the API: method, path, and a file with the body when there is one. The token is not an argument others can see.
api() {
  local method="$1" path="$2" data=()
  [[ $# -gt 2 ]] && data=(--data "@$3")
  curl --silent --show-error --fail-with-body --max-time 30 --retry 2 --request "$method" \
    --header "Accept: application/vnd.github+json" --header "X-GitHub-Api-Version: 2022-11-28" \
    --header @<(printf 'Authorization: Bearer %s\n' "${INPUT_TOKEN:?}") \
    "${data[@]}" "${GITHUB_API_URL:?}/repos/${GITHUB_REPOSITORY:?}/$path"
}

# The comment of a former run, if there is one.
former() {
  local number="$1" page=1 answer found
  while :; do
    answer=$(api GET "issues/$number/comments?per_page=100&page=$page")
    found=$(jq --raw-output --arg marker "$MARKER" 'map(select(.body | startswith($marker))) | first | .id // empty' <<<"$answer")
    if [[ -n "$found" ]]; then
      echo "$found"
      return
    fi
    [[ $(jq length <<<"$answer") -lt 100 ]] && return
    page=$((page + 1))
  done
}

comment() {
  local number id body text
  number=$(event '.pull_request.number')
  [[ -n "$number" ]] || return 0
  [[ -n "${INPUT_TOKEN:-}" ]] || { warn "there is no token to write the comment with"; return 0; }
  if ! id=$(former "$number"); then
    warn "the comments of the pull request cannot be read; give the job \`pull-requests: write\`"
    return 0
  fi
  # A change that is fine needs no comment, unless there is one that says otherwise.
  [[ -z "$id" && "${VERDICT:-}" == GO ]] && return 0
  body=$(mktemp "${RUNNER_TEMP:?}/preflight-comment.XXXXXX")
  text=$(jq --raw-input --slurp --raw-output --argjson longest "$LONGEST" \
    'if length > $longest then .[:$longest] + "\n\n… the rest is in the job summary\n" else . end' "${MARKDOWN:?}")
  jq --null-input --arg marker "$MARKER" --arg text "$text" '{body: ($marker + "\n" + $text)}' >"$body"
  if [[ -n "$id" ]]; then
    api PATCH "issues/comments/$id" "$body" >/dev/null || warn "the comment cannot be updated; give the job \`pull-requests: write\`"
  else
    api POST "issues/$number/comments" "$body" >/dev/null || warn "the comment cannot be written; give the job \`pull-requests: write\` (a pull request from a fork cannot have it)"
  fi
}

verdict() {
  case "${EXIT_CODE:-4}" in
    0) ;;
    3) [[ "${INPUT_UNDECIDED:-fail}" == pass ]] || exit 3 ;;
    *) exit "${EXIT_CODE:-4}" ;;
  esac
}

case "${1:-}" in
  key | install | check | comment | verdict) "$1" ;;
  *) fail "action.sh knows key, install, check, comment and verdict" ;;
esac
