// SPDX-License-Identifier: Apache-2.0
#include "evaluation/messages_evaluation.h"

#include "evaluation/messages_issue.h"
#include "json/describe.h"

SLIPWAY_JSON(slipway::wire::mlflow::CreateEvaluationDataset)
SLIPWAY_JSON(slipway::wire::mlflow::EvaluationDatasetAnswer)
SLIPWAY_JSON(slipway::wire::mlflow::SearchEvaluationDatasets)
SLIPWAY_JSON(slipway::wire::mlflow::EvaluationDatasetPage)
SLIPWAY_JSON(slipway::wire::mlflow::SetDatasetTags)
SLIPWAY_JSON(slipway::wire::mlflow::UpsertRecords)
SLIPWAY_JSON(slipway::wire::mlflow::UpsertRecordsAnswer)
SLIPWAY_JSON(slipway::wire::mlflow::PageWanted)
SLIPWAY_JSON(slipway::wire::mlflow::RecordsAnswer)
SLIPWAY_JSON(slipway::wire::mlflow::DeleteRecords)
SLIPWAY_JSON(slipway::wire::mlflow::DeleteRecordsAnswer)
SLIPWAY_JSON(slipway::wire::mlflow::ExperimentIds)
SLIPWAY_JSON(slipway::wire::mlflow::RegisterScorer)
SLIPWAY_JSON(slipway::wire::mlflow::RegisteredScorer)
SLIPWAY_JSON(slipway::wire::mlflow::ScorerWanted)
SLIPWAY_JSON(slipway::wire::mlflow::ScorerIds)
SLIPWAY_JSON(slipway::wire::mlflow::ScorerAnswer)
SLIPWAY_JSON(slipway::wire::mlflow::ScorerList)
SLIPWAY_JSON(slipway::wire::mlflow::IssueIn)
SLIPWAY_JSON(slipway::wire::mlflow::IssueAnswer)
SLIPWAY_JSON(slipway::wire::mlflow::SearchIssues)
SLIPWAY_JSON(slipway::wire::mlflow::IssuePage)
