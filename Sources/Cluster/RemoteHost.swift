// What is done on a host that a worker is started on by ssh: one script of POSIX shell, copied there first.
// All of it happens in one directory per cluster and host, so that hosts may share a home directory. Processes are found by
// a mark in their environment (/proc/PID/environ), never by a stored number, which another process may have by now.

package enum RemoteHost {
  /// The variable that marks every process of a cluster.
  package static let mark = "ATTUNE_CLUSTER"

  /// The value of the mark: of which cluster, and of which part of it.
  package static func markValue(cluster: String, part: String) -> String { "\(cluster)/\(part)" }

  /// - directory: as the cluster file says; relative to the home directory, where ssh starts.
  package static func directory(_ directory: String, cluster: String, host: String) -> String {
    "\(directory)/\(cluster)/\(host)"
  }

  /// Usage: sh attune-host OPERATION MARK ARGUMENT…, in its own directory.
  package static let script = #"""
    #!/bin/sh
    # Written by `attune cluster up`; removed by `attune cluster down` with the directory it is in.
    set -u
    umask 077
    operation=$1 mark=$2
    shift 2

    # The processes of this cluster on this host, without this one and what it starts.
    processes() {
      grep -lzxsF "ATTUNE_CLUSTER=$mark" /proc/[0-9]*/environ | cut -d/ -f3
    }
    workers() {
      for process in $(processes); do
        [ "$(cat /proc/"$process"/comm 2>/dev/null)" = attune-worker ] && echo "$process"
      done
    }

    case $operation in
    probe)
      echo "machine $(uname -m)"
      echo "bundle $(cat bundle.sha256 2>/dev/null || echo none)"
      ;;
    install)
      # The bundle comes in by standard input; its digest is the argument.
      cat >bundle.tar.gz || exit 1
      found=$(sha256sum bundle.tar.gz | cut -d' ' -f1)
      if [ "$found" != "$1" ]; then
        echo "the copy of the worker has the digest $found instead of $1" >&2
        exit 1
      fi
      rm -rf worker bundle.sha256 && mkdir worker && tar -xzf bundle.tar.gz -C worker --strip-components=1 || exit 1
      rm bundle.tar.gz
      ./worker/attune-worker --version || exit 1
      echo "$1" >bundle.sha256
      ;;
    keys)
      rm -rf keys && mkdir keys && tar -xf - -C keys
      ;;
    start)
      if [ -n "$(workers)" ]; then
        exit 0
      fi
      rm -f exit
      ATTUNE_CLUSTER=$mark
      export ATTUNE_CLUSTER
      # A unit of the user's manager outlives the login where the user lingers; elsewhere a session of its own does.
      if loginctl show-user "$(id -un)" --property=Linger 2>/dev/null | grep -q yes &&
        systemctl --user show-environment >/dev/null 2>&1; then
        systemd-run --user --quiet --collect --working-directory="$PWD" --setenv=ATTUNE_CLUSTER="$mark" \
          sh ./attune-host hold "$mark" "$@"
      else
        setsid sh ./attune-host hold "$mark" "$@" </dev/null >/dev/null 2>&1 &
      fi
      for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ -n "$(workers)" ] || [ -e exit ] && exit 0
        sleep 0.2
      done
      echo "the worker did not start" >&2
      exit 1
      ;;
    hold)
      # Only to write down how the worker ended.
      trap : TERM HUP INT
      ./worker/attune-worker "$@" </dev/null >>log 2>&1 &
      worker=$!
      while :; do
        wait "$worker"
        code=$?
        kill -0 "$worker" 2>/dev/null || break
      done
      echo "$code" >exit
      ;;
    status)
      running=$(workers | head -n 1)
      if [ -n "$running" ]; then
        age=$(ps -o etimes= -p "$running" 2>/dev/null | tr -d ' ')
        echo "running ${age:-0}"
      elif [ -e exit ]; then
        echo "ended $(cat exit) $(tail -n 1 log 2>/dev/null | cut -c 1-300)"
      elif [ -e log ]; then
        echo "gone"
      else
        echo "none"
      fi
      ;;
    stop)
      for process in $(workers); do kill -TERM "$process" 2>/dev/null; done
      for _ in $(seq 1 60); do
        [ -z "$(workers)" ] && break
        sleep 0.25
      done
      for process in $(processes); do kill -KILL "$process" 2>/dev/null; done
      ;;
    log)
      tail -c 1000000 log 2>/dev/null
      ;;
    remove)
      for process in $(processes); do kill -KILL "$process" 2>/dev/null; done
      here=$PWD
      above=$(dirname "$here")
      cd / && rm -rf "$here"
      # Those above it go, too, where nothing else is in them.
      rmdir "$above" 2>/dev/null && rmdir "$(dirname "$above")" 2>/dev/null
      exit 0
      ;;
    *)
      echo "unknown operation $operation" >&2
      exit 64
      ;;
    esac
    """#

  /// What `status` printed.
  package static func unit(_ host: String, status text: String) -> ClusterUnit? {
    let words = text.split(separator: "\n").first?.split(separator: " ", maxSplits: 2).map(String.init) ?? []
    switch words.first {
    case "running": return ClusterUnit(host, .running, age: words.count > 1 ? Double(words[1]) ?? 0 : 0)
    case "ended":
      let reason = words.count > 2 ? words[2] : "no reason was given"
      guard words.count > 1, let status = Int(words[1]) else { return nil }
      return ClusterUnit(host, .ended(.init(workerStatus: status, saying: reason)), detail: reason)
    case "gone": return ClusterUnit(host, .ended(.removed("its processes are gone")))
    default: return nil
    }
  }
}
