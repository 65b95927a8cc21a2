// Where a sweep's coordinator and workers are started, as a cluster file says (docs/cluster.md).

package struct ClusterPlan: Equatable, Codable, Sendable {
  package enum Place: String, CaseIterable, Codable, Sendable { case local, ssh, slurm, kubernetes }

  /// What the file says under `on`; a command may name another.
  package var place: Place?
  package var coordinator = Coordinator()
  package var workers = Workers()
  package var ssh = SSH()
  package var slurm = Slurm()
  package var kubernetes = Kubernetes()
  package init() {}

  package struct Coordinator: Equatable, Codable, Sendable {
    /// The host that workers reach it at; nil takes this machine's name, or 127.0.0.1 where workers are local.
    package var address: String?
    /// Of the control socket; checkpoints come in at the next one. Nil takes two that are free.
    package var port: Int?
    /// HOST:PORT of a dashboard.
    package var dashboard: String?
    /// As `attune serve --lease` takes it.
    package var lease: String?
    package init() {}
  }

  package struct Workers: Equatable, Codable, Sendable {
    /// Local: processes. ssh: hosts, from the first. Slurm: jobs at most. Kubernetes: pods. Nil: 1, all hosts, 1, 1.
    package var count: Int?
    /// Of each; nil leaves the choice to the worker.
    package var slots: Int?
    package var threads: Int?
    package init() {}
  }

  package struct SSH: Equatable, Codable, Sendable {
    package var hosts: [Host] = []
    /// A configuration of ssh other than the user's.
    package var config: String?
    /// On the hosts, below the home directory unless absolute.
    package var directory = ".attune"
    package init() {}
  }

  package struct Host: Equatable, Codable, Sendable {
    /// As `ssh` takes it: a name, an alias of the user's configuration, or USER@NAME.
    package var name: String
    package var slots: Int?
    package var threads: Int?
    package init(_ name: String) { self.name = name }
  }

  package struct Slurm: Equatable, Codable, Sendable {
    package var partition: String?
    package var account: String?
    package var qos: String?
    package var constraint: String?
    /// Of one job, as sbatch takes it. Workers leave before it ends, and the next job goes on.
    package var time = "1:00:00"
    package var cpus = 4
    package var memory: String?
    /// Jobs that may wait in the queue at the same time.
    package var queued = 4
    /// Further options of sbatch, one per line of the script.
    package var options: [String] = []
    /// Lines of shell before the worker starts.
    package var setup: String?
    package init() {}
  }

  package struct Kubernetes: Equatable, Codable, Sendable {
    package var image = "attune:latest"
    package var namespace = "attune"
    /// Of kubectl; nil takes the current one.
    package var context: String?
    package var storage = "10Gi"
    package var cpu = "2"
    package var memory = "2Gi"
    package init() {}
  }

  /// Workers that are wanted when nobody has said otherwise.
  package func count(at place: Place) -> Int {
    switch place {
    case .ssh: min(workers.count ?? ssh.hosts.count, ssh.hosts.count)
    case .local, .slurm, .kubernetes: workers.count ?? 1
    }
  }
}
