// Parts of the report for pages that are not the report.

/// The heat map as a section of HTML; each cell's element has `data-cell`. Every name in it is escaped.
package func matrixFragment(_ matrix: SweepMatrix) -> String { heatMapSection(matrix, picture: nil).text }

/// What the report and such pages look like.
package var reportStylesheet: String { stylesheet.text }
